{{- /* What every pod shares: nothing it does not need, secrets as files, a root it cannot write. */ -}}
{{- define "marrowd.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "marrowd.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "marrowd.storeEnv" -}}
{{- if include "marrowd.isSqlite" . -}}
- name: MARROWD_STORE__URL
  value: sqlite:////var/lib/marrowd/marrowd.sqlite3
{{- else -}}
- name: MARROWD_STORE__URL_FILE
  value: /run/secrets/store/url
{{- end }}
- name: MARROWD_LOG__FORMAT
  value: json
- name: MARROWD_LOG__LEVEL
  value: {{ .Values.logLevel }}
{{- with .Values.caBundle.configMap }}
- name: SSL_CERT_FILE
  value: /etc/marrowd/ca/ca.crt
{{- end }}
{{- end -}}

{{- define "marrowd.env" -}}
- name: MARROWD_CONFIG
  value: /etc/marrowd/marrowd.toml
- name: MARROWD_HTTP__HOST
  value: 0.0.0.0
- name: MARROWD_HTTP__PORT
  value: "8080"
- name: MARROWD_HTTP__OPS_HOST
  value: 0.0.0.0
- name: MARROWD_HTTP__OPS_PORT
  value: "9090"
- name: MARROWD_HTTP__PUBLIC_URL
  value: {{ .Values.publicUrl | quote }}
{{ include "marrowd.storeEnv" . }}
{{- end -}}

{{- define "marrowd.storeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if include "marrowd.isSqlite" . }}
- name: data
  mountPath: /var/lib/marrowd
{{- else }}
- name: store
  mountPath: /run/secrets/store
  readOnly: true
{{- end }}
{{- with .Values.caBundle.configMap }}
- name: ca
  mountPath: /etc/marrowd/ca
  readOnly: true
{{- end }}
{{- end -}}

{{- define "marrowd.mounts" -}}
{{ include "marrowd.storeMounts" . }}
- name: config
  mountPath: /etc/marrowd/marrowd.toml
  subPath: marrowd.toml
  readOnly: true
{{- range .Values.secrets }}
- name: secret-{{ .name }}
  mountPath: /run/secrets/{{ .name }}
  readOnly: true
{{- end }}
{{- end -}}

{{- define "marrowd.storeVolumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- if include "marrowd.isSqlite" . }}
- name: data
  persistentVolumeClaim:
    claimName: {{ default (include "marrowd.fullname" .) .Values.store.sqlite.existingClaim }}
{{- else }}
- name: store
  secret:
    secretName: {{ .Values.store.existingSecret }}
    defaultMode: 0440
    items:
      - key: {{ .Values.store.secretKey }}
        path: url
{{- end }}
{{- with .Values.caBundle.configMap }}
- name: ca
  configMap:
    name: {{ . }}
    items:
      - key: {{ $.Values.caBundle.key }}
        path: ca.crt
{{- end }}
{{- end -}}

{{- define "marrowd.volumes" -}}
{{ include "marrowd.storeVolumes" . }}
- name: config
  configMap:
    name: {{ include "marrowd.fullname" . }}
{{- range .Values.secrets }}
- name: secret-{{ .name }}
  secret:
    secretName: {{ .secretName }}
    defaultMode: 0440
{{- end }}
{{- end -}}

{{- define "marrowd.placement" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
