{{- define "mogulsync.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name, with the chart's where it does not hold it already. */}}
{{- define "mogulsync.fullname" -}}
{{- $name := include "mogulsync.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The full name with a suffix, at most 63 characters. Takes (list root suffix). */}}
{{- define "mogulsync.suffixed" -}}
{{- $suffix := index . 1 -}}
{{- $length := sub 62 (len $suffix) | int -}}
{{- printf "%s-%s" (include "mogulsync.fullname" (index . 0) | trunc $length | trimSuffix "-") $suffix -}}
{{- end -}}

{{- define "mogulsync.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- define "mogulsync.selectorLabels" -}}
app.kubernetes.io/name: {{ include "mogulsync.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{/* The chart's own labels, which take precedence over those of the values. */}}
{{- define "mogulsync.ownLabels" -}}
{{ include "mogulsync.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: mogulsync
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{/*
The metadata of an object. Takes a dict: root, name, and where there are any namespace, labels and annotations of this
object. These take precedence over ours, and ours over the common ones.
*/}}
{{- define "mogulsync.metadata" -}}
name: {{ .name }}
{{- with .namespace }}
namespace: {{ . }}
{{- end }}
labels:
  {{- merge (dict) (default dict .labels) (include "mogulsync.ownLabels" .root | fromYaml) .root.Values.commonLabels | toYaml | nindent 2 }}
{{- with merge (dict) (default dict .annotations) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A tag as text: a number in a values file is a float to Helm. */}}
{{- define "mogulsync.tag" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}
{{- printf "%.0f" . -}}
{{- else -}}
{{- toString . -}}
{{- end -}}
{{- end -}}

{{- define "mogulsync.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion (include "mogulsync.tag" .Values.image.tag) }}
{{- end -}}
{{- end -}}

{{/* The operator's own pull secrets, and those that a parent chart gives to all. */}}
{{- define "mogulsync.imagePullSecrets" -}}
{{- $names := list -}}
{{- range concat .Values.imagePullSecrets (default list (default dict .Values.global).imagePullSecrets) -}}
{{- $names = append $names (kindIs "string" . | ternary . (get (kindIs "string" . | ternary dict .) "name")) -}}
{{- end -}}
{{- range $names | uniq }}
- name: {{ . }}
{{- end }}
{{- end -}}

{{- define "mogulsync.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "mogulsync.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "mogulsync.subjects" -}}
- kind: ServiceAccount
  name: {{ include "mogulsync.serviceAccountName" . }}
  namespace: {{ include "mogulsync.namespace" . }}
{{- end -}}

{{/* What holds for the Jobs of every destination, as YAML of the shape of spec.job; empty: nothing. */}}
{{- define "mogulsync.jobDefaults" -}}
{{- with omit (default dict .Values.jobs) "networkPolicy" -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}

{{/* What a policy of default deny must allow besides, for names to be resolved. */}}
{{- define "mogulsync.dnsEgress" -}}
- ports:
  - port: 53
    protocol: UDP
  - port: 53
    protocol: TCP
{{- end -}}

{{/* How Prometheus scrapes an operator's Pod; for a ServiceMonitor and a PodMonitor alike. */}}
{{- define "mogulsync.scrape" -}}
port: metrics
path: /metrics
# The labels namespace and name are the destination's.
honorLabels: true
{{- with .interval }}
interval: {{ . }}
{{- end }}
{{- with .scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- with .relabelings }}
relabelings: {{- toYaml . | nindent 0 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings: {{- toYaml . | nindent 0 }}
{{- end }}
{{- end -}}

{{/* What the operator may do where it serves destinations; mogulsync.controller says what for. No Secrets. */}}
{{- define "mogulsync.rules" -}}
- apiGroups: [mogulsync.dev]
  resources: [intercomdestinations]
  verbs: [get, list, watch]
- apiGroups: [mogulsync.dev]
  resources: [intercomdestinations/status]
  verbs: [patch]
- apiGroups: [batch]
  resources: [cronjobs]
  verbs: [get, list, watch, create, patch]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end -}}
