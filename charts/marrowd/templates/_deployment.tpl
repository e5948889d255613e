{{- /* One Deployment: dict root, component, roles, of (its values). */ -}}
{{- define "marrowd.deployment" -}}
{{- $root := .root -}}
{{- $isSqlite := include "marrowd.isSqlite" $root -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "marrowd.fullname" $root }}-{{ .component }}
  labels:
    {{- include "marrowd.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  {{- if not (and .of.autoscaling .of.autoscaling.enabled) }}
  replicas: {{ .of.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  strategy:
    {{- if $isSqlite }}
    type: Recreate
    {{- else }}
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
    {{- end }}
  selector:
    matchLabels:
      {{- include "marrowd.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  template:
    metadata:
      labels:
        {{- include "marrowd.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
        marrowd/serves: "yes"
        {{- with $root.Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        checksum/config: {{ $root.Values.config | sha256sum }}
        {{- with $root.Values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- include "marrowd.placement" $root | nindent 6 }}
      serviceAccountName: {{ include "marrowd.serviceAccount" $root }}
      # Past the drain of the service: 5 s of preStop, 25 s for posts under way, 5 s for requests.
      terminationGracePeriodSeconds: 60
      securityContext:
        {{- include "marrowd.podSecurity" $root | nindent 8 }}
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector:
                  matchLabels:
                    {{- include "marrowd.selector" $root | nindent 20 }}
                    app.kubernetes.io/component: {{ .component }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "marrowd.selector" $root | nindent 14 }}
              app.kubernetes.io/component: {{ .component }}
      {{- if and $isSqlite $root.Values.store.migrate }}
      initContainers:
        # One replica owns the file, and it is not running now: the place for `db upgrade`.
        - name: migrate
          image: {{ include "marrowd.image" $root | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: [db, upgrade]
          env:
            {{- include "marrowd.storeEnv" $root | nindent 12 }}
          resources:
            {{- toYaml .of.resources | nindent 12 }}
          securityContext:
            {{- include "marrowd.containerSecurity" $root | nindent 12 }}
          volumeMounts:
            {{- include "marrowd.storeMounts" $root | nindent 12 }}
      {{- end }}
      containers:
        - name: marrowd
          image: {{ include "marrowd.image" $root | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: [serve, --roles, {{ .roles | quote }}]
          env:
            {{- include "marrowd.env" $root | nindent 12 }}
          ports:
            {{- if contains "web" .roles }}
            - name: http
              containerPort: 8080
            {{- end }}
            - name: ops
              containerPort: 9090
          # Neither of these two touches the database: a slow one must not get the process killed.
          startupProbe:
            httpGet: {path: /livez, port: ops}
            periodSeconds: 2
            failureThreshold: 30
          livenessProbe:
            httpGet: {path: /livez, port: ops}
            periodSeconds: 10
            timeoutSeconds: 3
            failureThreshold: 6
          readinessProbe:
            httpGet: {path: /readyz, port: ops}
            periodSeconds: 5
            timeoutSeconds: 4
            failureThreshold: 2
          lifecycle:
            preStop:
              sleep: {seconds: 5}  # until nobody is sent here any more
          resources:
            {{- toYaml .of.resources | nindent 12 }}
          securityContext:
            {{- include "marrowd.containerSecurity" $root | nindent 12 }}
          volumeMounts:
            {{- include "marrowd.mounts" $root | nindent 12 }}
      volumes:
        {{- include "marrowd.volumes" $root | nindent 8 }}
{{- end -}}
