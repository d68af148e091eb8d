-- Draft for Neovim 0.7.2 and newer, without a plugin: copy this file to ~/.config/nvim/plugin/draft.lua.
--
-- :DraftCreate :DraftUpdate :DraftUp :DraftStop :DraftOpen :DraftLogs :DraftRollback :DraftPlan :DraftHistory
-- :DraftDoctor :DraftCancel :DraftConnect :DraftDelete :DraftEnvironment :DraftInit
--
-- The state of the app is in vim.g.draft_status, for a statusline: set statusline+=%{get(g:,'draft_status','')}

local M = {}

-- One server for a project: the nearest folder with a .git or a draft.toml, else the working folder.
M.command = { "draft-ls" }
M.roots = { ".git", "draft.toml" }

local function root_of(path)
  local folder = vim.fn.fnamemodify(path, ":p:h")
  for _, name in ipairs(M.roots) do
    local upward = vim.fn.fnameescape(folder) .. ";"
    local found = vim.fn.finddir(name, upward)
    if found == "" then
      found = vim.fn.findfile(name, upward)
    end
    if found ~= "" then
      return (vim.fn.fnamemodify(found, ":p"):gsub("/+$", ""):gsub("/[^/]*$", ""))
    end
  end
  return vim.fn.getcwd()
end

local function on_status(_, status)
  local text = status.name .. ": " .. status.state
  if status.url then
    text = text .. " " .. status.url
  end
  vim.g.draft_status = text
  vim.cmd("redrawstatus!")
end

-- The build log and the app's own log go to one scratch buffer: :buffer draft://log
local function log_buffer()
  local buffer = vim.fn.bufadd("draft://log")
  if vim.fn.bufloaded(buffer) == 0 then
    vim.fn.bufload(buffer)
    vim.bo[buffer].buftype = "nofile"
    vim.bo[buffer].swapfile = false
    vim.bo[buffer].buflisted = true
  end
  return buffer
end

local function on_log(_, params)
  local lines = {}
  for _, line in ipairs(params.lines) do
    local text = line.text:gsub("\27%[[0-9;]*[A-Za-z]", ""):gsub("[\r\n]", "")
    table.insert(lines, (line.stage or line.stream) .. ": " .. text)
  end
  vim.api.nvim_buf_set_lines(log_buffer(), -1, -1, false, lines)
end

local function handlers()
  return {
    ["draft/status"] = on_status,
    ["draft/log"] = on_log,
    ["draft/appsChanged"] = function() end,
  }
end

function M.start(buffer)
  local path = vim.api.nvim_buf_get_name(buffer)
  if path == "" or vim.bo[buffer].buftype ~= "" then
    return
  end
  local root = root_of(path)
  local wrapped = {}
  for method, handler in pairs(handlers()) do
    wrapped[method] = function(error, result)
      if not error then
        handler(error, result)
      end
    end
  end
  local config = {
    name = "draft",
    cmd = M.command,
    root_dir = root,
    workspace_folders = { { uri = vim.uri_from_fname(root), name = root } },
    init_options = { notifications = true },
    handlers = wrapped,
  }
  if vim.lsp.start then
    vim.lsp.start(config, { bufnr = buffer })
    return
  end
  -- Neovim before 0.8: one client for each root, kept by hand.
  M.clients = M.clients or {}
  local client = M.clients[root]
  if not client or not vim.lsp.get_client_by_id(client) then
    client = vim.lsp.start_client(config)
    M.clients[root] = client
  end
  vim.lsp.buf_attach_client(buffer, client)
end

local function client_of(buffer)
  local clients = (vim.lsp.get_clients or vim.lsp.get_active_clients)()
  for _, client in ipairs(clients) do
    if client.name == "draft" and (not buffer or vim.lsp.buf_is_attached(buffer, client.id)) then
      return client
    end
  end
end

-- Runs a command of the server for the app of the current buffer; callback(result) when it has answered.
function M.execute(name, arguments, callback)
  local buffer = vim.api.nvim_get_current_buf()
  local client = client_of(buffer) or client_of()
  if not client then
    vim.notify("Draft is not running: open a file of your app first.", vim.log.levels.WARN)
    return
  end
  local given = vim.tbl_extend("force", { app = vim.uri_from_bufnr(buffer) }, arguments or {})
  client.request("workspace/executeCommand", { command = "draft." .. name, arguments = { given } }, function(error, result)
    if error then
      vim.notify(error.message, vim.log.levels.ERROR)
    elseif callback then
      callback(result)
    end
  end, buffer)
end

local function show(title, lines)
  local width = 0
  for _, line in ipairs(lines) do
    width = math.max(width, vim.fn.strdisplaywidth(line))
  end
  vim.lsp.util.open_floating_preview(lines, "markdown", { border = "rounded", max_width = width, focus_id = title })
end

local function show_doctor(result)
  local lines = {}
  for _, check in ipairs(result.checks or {}) do
    table.insert(lines, (check.ok and "ok   " or "FAIL ") .. check.name .. ": " .. check.seen)
    if not check.ok and check.fix then
      table.insert(lines, "     " .. check.fix)
    end
  end
  show("doctor", lines)
end

local function show_history(result)
  local lines = {}
  for _, one in ipairs(result.deployments or {}) do
    local files = table.concat(one.files or {}, ", ")
    table.insert(lines, ("%s  %s  #%s  %s"):format(one.at, one.outcome, one.revision or "-", files))
  end
  show("history", #lines > 0 and lines or { "Nothing was deployed yet." })
end

local function show_plan(result)
  show("plan", { "Next save: " .. result.kind, result.reason })
end

local commands = {
  DraftCreate = { "create" },
  DraftUpdate = { "update" },
  DraftUp = { "up" },
  DraftStop = { "stop" },
  DraftCancel = { "cancel" },
  DraftOpen = { "open" },
  DraftConnect = { "connect" },
  DraftLogs = { "logs" },
  DraftRollback = { "rollback" },
  DraftDelete = { "delete" },
  DraftEnvironment = { "selectEnvironment" },
  DraftDoctor = { "doctor", show_doctor },
  DraftHistory = { "history", show_history },
  DraftPlan = { "plan", show_plan },
  DraftInit = { "init" },
}
for command, what in pairs(commands) do
  vim.api.nvim_create_user_command(command, function()
    M.execute(what[1], {}, what[2])
  end, {})
end

vim.api.nvim_create_autocmd({ "BufReadPost", "BufNewFile" }, {
  group = vim.api.nvim_create_augroup("draft", {}),
  callback = function(event)
    M.start(event.buf)
  end,
})

_G.Draft = M
return M
