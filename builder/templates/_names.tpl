{{- define "selector" -}}
app.kubernetes.io/name: draft-builder
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "labels" -}}
{{ include "selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{- define "image" -}}
{{- if .Values.image -}}
{{ .Values.image }}
{{- else if eq .Values.engine "buildah" -}}
quay.io/buildah/stable:v1.42.2
{{- else if eq .Values.engine "buildkit" -}}
moby/buildkit:v0.27.1{{ if not .Values.privileged }}-rootless{{ end }}
{{- else -}}
{{ fail (printf "engine is buildah or buildkit, not %s" .Values.engine) }}
{{- end -}}
{{- end -}}

{{- define "storage" -}}
{{ .Release.Name }}{{ if ne .Values.engine "buildah" }}-{{ .Values.engine }}{{ end }}
{{- end -}}
