{{/* The app's name. */}}
{{- define "app.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The name of every object: the release's, with the app's unless it is part of it. */}}
{{- define "app.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- $name := include "app.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "app.selectorLabels" -}}
app.kubernetes.io/name: {{ include "app.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "app.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "app.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "app.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "app.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* The container's environment, each name once: PORT, over it `env`, over it `developmentEnv` in development. */}}
{{- define "app.env" -}}
{{- $env := dict }}
{{- with .Values.containerPort }}
{{- $_ := set $env "PORT" (toString .) }}
{{- end }}
{{- $env = mergeOverwrite $env (.Values.env | default dict | deepCopy) }}
{{- if .Values.draft }}
{{- $env = mergeOverwrite $env (.Values.developmentEnv | default dict | deepCopy) }}
{{- end }}
{{- toYaml $env }}
{{- end }}

{{/* Not empty where a stopping pod should go on serving for a while: Kubernetes can wait since 1.30. */}}
{{- define "app.stopsSlowly" -}}
{{- if and .Values.containerPort .Values.stopDelaySeconds (not .Values.draft) }}
{{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version }}yes{{ end }}
{{- end }}
{{- end }}

{{/* A probe: as the values say, once a second while the app is being developed. */}}
{{- define "app.readinessProbe" -}}
{{- $probe := deepCopy .Values.readinessProbe }}
{{- if .Values.draft }}
{{- $probe = mergeOverwrite $probe (dict "initialDelaySeconds" 0 "periodSeconds" 1) }}
{{- end }}
{{- toYaml $probe }}
{{- end }}
