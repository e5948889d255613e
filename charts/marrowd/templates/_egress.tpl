{{- /* Where any pod may go: names, and the database. */ -}}
{{- define "marrowd.egressDns" -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end -}}
{{- define "marrowd.egressDatabase" -}}
{{- if not (include "marrowd.isSqlite" .) }}
- {{- with .Values.networkPolicy.databaseTo }}
  to: {{ toYaml . | nindent 4 }}
  {{- end }}
  ports:
    - {protocol: TCP, port: {{ .Values.networkPolicy.databasePort }}}
{{- end }}
{{- end -}}
