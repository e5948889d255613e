{{- define "marrowd.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "marrowd.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "marrowd.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "marrowd.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "marrowd.selector" -}}
app.kubernetes.io/name: {{ include "marrowd.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "marrowd.labels" -}}
{{ include "marrowd.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "marrowd.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "marrowd.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name: name one, or let it be created" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "marrowd.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "marrowd.isSqlite" -}}
{{- if eq .Values.store.kind "sqlite" }}yes{{ end -}}
{{- end -}}

{{- /* Contradictions that a schema of single values does not see, said in words. */ -}}
{{- define "marrowd.check" -}}
{{- if include "marrowd.isSqlite" . -}}
{{- if ne .Values.mode "together" }}{{ fail "store.kind sqlite: one process owns the file; mode must be together" }}{{ end -}}
{{- if ne (int .Values.web.replicas) 1 }}{{ fail "store.kind sqlite: web.replicas must be 1; more replicas take PostgreSQL" }}{{ end -}}
{{- if .Values.web.autoscaling.enabled }}{{ fail "store.kind sqlite: web.autoscaling cannot be used" }}{{ end -}}
{{- else if not .Values.store.existingSecret -}}
{{ fail "store.existingSecret: name the Secret that holds the PostgreSQL URL" }}
{{- end -}}
{{- if not .Values.publicUrl }}{{ fail "publicUrl: give the address under which the FHIR server reaches the service" }}{{ end -}}
{{- if regexMatch "(?m)^\\s*\\[(http|store|log)\\]" .Values.config }}{{ fail "config: [http], [store] and [log] are given by the chart" }}{{ end -}}
{{- if regexMatch "(?m)(?i)(secret|token|password|private_key)\\s*=\\s*[\"'\\[]" .Values.config }}{{ fail "config: a secret in clear text; name a file under /run/secrets instead (..._file)" }}{{ end -}}
{{- end -}}
