;;; draft.el --- Draft in Eglot -*- lexical-binding: t; -*-

;; Package-Requires: ((emacs "29.1"))

;;; Commentary:

;; (add-to-list 'load-path "…/editors/emacs") (require 'draft)
;;
;; Eglot runs one server for a buffer.  The files that Draft makes (draft.toml, Dockerfile) get draft-ls; your code
;; keeps its own server, and Draft's watcher sees its saves.  M-x draft-up in a buffer of the app deploys it.

;;; Code:

(require 'eglot)

(defvar draft-program '("draft-ls" :initializationOptions (:notifications t))
  "How Eglot starts the server.")

(define-derived-mode draft-toml-mode conf-toml-mode "Draft"
  "Major mode for draft.toml.")

(add-to-list 'auto-mode-alist '("/draft\\.toml\\'" . draft-toml-mode))
(add-to-list 'eglot-server-programs (cons '(draft-toml-mode) draft-program))
(add-hook 'draft-toml-mode-hook #'eglot-ensure)

(defvar draft-status ""
  "The state of the app and its URL, for the mode line.")
(put 'draft-status 'risky-local-variable t)
(add-to-list 'global-mode-string '(:eval draft-status) t)

(cl-defmethod eglot-handle-notification (_server (_method (eql draft/status)) &key name state url &allow-other-keys)
  "Show the STATE of the app NAME and its URL in the mode line."
  (setq draft-status (concat " " name ": " state (and url (concat " " url))))
  (force-mode-line-update t))

(cl-defmethod eglot-handle-notification (_server (_method (eql draft/log)) &key lines &allow-other-keys)
  "Append LINES of builds and apps to the buffer *draft*."
  (with-current-buffer (get-buffer-create "*draft*")
    (save-excursion
      (goto-char (point-max))
      (mapc (lambda (line) (insert (plist-get line :text) "\n")) lines))))

(cl-defmethod eglot-handle-notification (_server (_method (eql draft/appsChanged)) &rest _)
  "Nothing here depends on which apps there are.")

(defun draft--server ()
  "The server of this project, started on its draft.toml if need be."
  (or (eglot-current-server)
      (let ((folder (or (locate-dominating-file default-directory "draft.toml")
                        (user-error "No draft.toml here or above"))))
        (with-current-buffer (find-file-noselect (expand-file-name "draft.toml" folder))
          (call-interactively #'eglot)
          (eglot-current-server)))))

(defun draft-execute (name &optional arguments)
  "Run the server's command NAME with the plist ARGUMENTS for the app of this buffer."
  (let ((app (expand-file-name (or buffer-file-name default-directory))))
    ;; Not a request that is waited for: the server may ask something first, and answers take as long as you do.
    (jsonrpc-async-request (draft--server) :workspace/executeCommand
                           `(:command ,(concat "draft." name) :arguments [(:app ,app ,@arguments)])
                           :timeout nil
                           :success-fn #'ignore
                           :error-fn (lambda (failure) (message "Draft: %s" (plist-get failure :message))))))

(defmacro draft--define (name command documentation)
  "Define the interactive function NAME that runs COMMAND; DOCUMENTATION says what for."
  `(defun ,name () ,documentation (interactive) (draft-execute ,command)))

(draft--define draft-create "create" "Add what the folder needs to be deployed.")
(draft--define draft-update "update" "Merge what is new in the app's pack into its files.")
(draft--define draft-up "up" "Deploy the app, and again on every save.")
(draft--define draft-stop "stop" "Stop redeploying.")
(draft--define draft-cancel "cancel" "Cancel the deploy under way.")
(draft--define draft-open "open" "Open the app in the browser.")
(draft--define draft-logs "logs" "Follow the app's log in *draft*.")
(draft--define draft-rollback "rollback" "Go back to the last good deployment.")
(draft--define draft-delete "delete" "Uninstall the app.")

(provide 'draft)
;;; draft.el ends here
