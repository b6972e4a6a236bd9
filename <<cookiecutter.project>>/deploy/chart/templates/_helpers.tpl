{{/* What selects the pods of the Bento; never changed after the first release. */}}
{{- define "model.selector" -}}
app.kubernetes.io/name: {{ .Values.name }}
app.kubernetes.io/component: service
{{- end }}

{{/* Labels of everything. */}}
{{- define "model.labels" -}}
app.kubernetes.io/name: {{ .Values.name }}
app.kubernetes.io/component: service
app.kubernetes.io/part-of: {{ .Values.name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
slipway.io/environment: {{ .Values.environment }}
{{- with .Values.model.version }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
{{- end }}

{{/* The name and place of everything: (dict "root" $ "name" "…"). */}}
{{- define "model.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "model.labels" .root | nindent 2 }}
{{- end }}

{{/* What selects the pods that check for drift: no Service's, and no Deployment's. */}}
{{- define "model.drift" -}}
app.kubernetes.io/name: {{ .Values.name }}
app.kubernetes.io/component: drift
{{- end }}

{{/* Who the processes of a pod are. */}}
{{- define "model.user" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* What each container of the drift check has: (dict "root" $ "folder" "of the project"). */}}
{{- define "model.drift.container" -}}
image: {{ .root.Values.drift.image | quote }}
imagePullPolicy: IfNotPresent
workingDir: /clone{{ with .folder }}/{{ . }}{{ end }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
resources:
  {{- toYaml .root.Values.drift.resources | nindent 2 }}
{{- with .root.Values.drift.secrets }}
envFrom:
  {{- range . }}
  - secretRef: {name: {{ . }}}
  {{- end }}
{{- end }}
{{- end }}
{{- define "model.drift.environment" -}}
- {name: HOME, value: /tmp}
- {name: DVC_SITE_CACHE_DIR, value: /tmp/dvc}
{{- end }}
{{- define "model.drift.mounts" -}}
- {name: clone, mountPath: /clone}
- {name: scratch, mountPath: /tmp}
{{- end }}

{{/* The Bento's image, by digest where it is known. */}}
{{- define "model.image" -}}
{{- $repository := required "image.repository: missing: where the Bento's image was pushed to" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ required "image.digest: missing, and image.tag too" .Values.image.tag }}
{{- end -}}
{{- end }}

{{/* Whether an Argo Rollout steps from one Bento to the next. */}}
{{- define "model.rollout" -}}
{{- if and (eq .Values.runtime "bento") .Values.canary.enabled }}yes{{ end -}}
{{- end }}

{{/* Whether a second InferenceService serves a candidate. */}}
{{- define "model.candidate" -}}
{{- if and (eq .Values.runtime "kserve") .Values.canary.enabled .Values.canary.model.digest }}yes{{ end -}}
{{- end }}

{{/* What selects the pods of this runtime. */}}
{{- define "model.pods" -}}
{{- if eq .Values.runtime "bento" -}}
matchLabels:
  {{- include "model.selector" . | nindent 2 }}
{{- else -}}
matchExpressions:
  - key: serving.kserve.io/inferenceservice
    operator: In
    values: [{{ .Values.name }}{{ if include "model.candidate" . }}, {{ .Values.name }}-canary{{ end }}]
{{- end -}}
{{- end }}

{{/* On which nodes pods run, spread over as many as there are: (dict "root" $ "pods" "labels"). */}}
{{- define "model.placement" -}}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- $.pods | nindent 8 }}
  {{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* How often each figure of a canary is asked for, and how often it may be bad. */}}
{{- define "model.measured" -}}
initialDelay: {{ .window }}
interval: 1m
failureLimit: 2
consecutiveErrorLimit: 4
{{- end }}

{{/* A text with the words between two @ filled in: (dict "root" $ "text" "…"). */}}
{{/* monitoring.rules, in Python, fills them in alike, for Prometheus on a laptop. */}}
{{- define "model.filled" -}}
{{- $values := .root.Values -}}
{{- $pods := printf `namespace="%s",service=~"%s(-canary)?"` .root.Release.Namespace $values.name -}}
{{- $committed := "NaN" -}}
{{- with $values.model.committed -}}
{{- $committed = mustToDate "2006-01-02T15:04:05Z07:00" . | unixEpoch -}}
{{- end -}}
{{- $words := dict
  "name" $values.name
  "uid" (printf "%s-%s" $values.name $values.environment | sha256sum | trunc 20)
  "environment" $values.environment
  "namespace" .root.Release.Namespace
  "version" $values.model.version
  "committed" $committed
  "this" (printf `model="%s",environment="%s"` $values.name $values.environment)
  "pods" $pods
  "asked" (printf `%s,path=~"/predict|/v2/models/.+/infer"` $pods)
  "jobs" (printf `namespace="%s",job_name=~"%s-drift-.+"` .root.Release.Namespace $values.name)
-}}
{{- $text := .text -}}
{{- range $word, $value := merge $words $values.monitoring.rules -}}
{{- $text = replace (printf "@%s@" $word) (toString $value) $text -}}
{{- end -}}
{{- $text -}}
{{- end }}
