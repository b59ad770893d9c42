{{- define "edrportal.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "edrportal.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "edrportal.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "edrportal.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "edrportal.selector" -}}
app.kubernetes.io/name: {{ include "edrportal.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: portal
{{- end -}}

{{- define "edrportal.labels" -}}
app.kubernetes.io/name: {{ include "edrportal.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: epinio
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "edrportal.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "edrportal.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "Set serviceAccount.name to the ServiceAccount that is there, or serviceAccount.create=true." .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "edrportal.image" -}}
{{- $image := .Values.image -}}
{{- if not $image.registry -}}
{{- fail "Set image.registry to the registry that you pushed the image to: nothing is pulled from a place you did not name." -}}
{{- end -}}
{{- $name := printf "%s/%s" (trimSuffix "/" $image.registry) $image.repository -}}
{{- if $image.digest -}}{{ $name }}@{{ $image.digest }}{{- else -}}{{ $name }}:{{ default .Chart.AppVersion $image.tag }}{{- end -}}
{{- end -}}

{{/* Where browsers find the portal, with the port where they need one. */}}
{{- define "edrportal.address" -}}
{{- if .Values.host -}}{{ .Values.host }}
{{- else if .Values.global.domain -}}edrportal.{{ .Values.global.domain }}
{{- else -}}{{- fail "Set global.domain as in Epinio's chart (the portal is at edrportal.DOMAIN), or host." -}}
{{- end -}}
{{- end -}}

{{- define "edrportal.host" -}}
{{- first (splitList ":" (include "edrportal.address" .)) -}}
{{- end -}}

{{- define "edrportal.publicUrl" -}}
{{- if .Values.ingress.tls.enabled -}}https{{- else -}}http{{- end -}}://{{ include "edrportal.address" . }}
{{- end -}}

{{/* A map whose values have to be text, such as annotations: `true` and `9090` are quoted. */}}
{{- define "edrportal.texts" -}}
{{- range $name, $value := . }}
{{ $name | quote }}: {{ if kindIs "string" $value }}{{ $value | quote }}{{ else }}{{ toJson $value | quote }}{{ end }}
{{- end }}
{{- end -}}

{{- define "edrportal.keySecret" -}}
{{- default (printf "%s-key" (include "edrportal.fullname" .)) .Values.signingKey.existingSecret -}}
{{- end -}}

{{/* A security context without the members that are null: OpenShift gives user and group itself. */}}
{{- define "edrportal.withoutNulls" -}}
{{- $kept := dict -}}
{{- range $name, $value := . -}}
{{- if not (kindIs "invalid" $value) -}}{{- $_ := set $kept $name $value -}}{{- end -}}
{{- end -}}
{{- toYaml $kept -}}
{{- end -}}

{{- define "edrportal.podSecurityContext" -}}
{{- include "edrportal.withoutNulls" (default dict .Values.podSecurityContext) -}}
{{- end -}}

{{- define "edrportal.containerSecurityContext" -}}
{{- include "edrportal.withoutNulls" (default dict .Values.containerSecurityContext) -}}
{{- end -}}

{{/* The lists of the policy: what the portal owns on a Secret, as `destinations/names.py` has it. */}}
{{- define "edrportal.ownLabels" -}}
['epinio.io/api-export-registry', 'app.kubernetes.io/managed-by', 'edrportal/kind', 'edrportal/team']
{{- end -}}
{{- define "edrportal.ownAnnotations" -}}
['epinio.io/registry-namespace', 'edrportal/write-id', 'edrportal/changed-by', 'edrportal/changed-at', 'edrportal/rotated-at', 'edrportal/credentials-expire-on', 'edrportal/description', 'edrportal/released-at', 'edrportal/history', 'edrportal/team-uid']
{{- end -}}
{{- define "edrportal.ownKeys" -}}
['.dockerconfigjson', 'certs', 'tls.crt']
{{- end -}}
{{/* The ConfigMaps that the portal may change: who signed out, where self-service is on, the last checks. */}}
{{- define "edrportal.ownConfigMaps" -}}
[{{ if not .Values.readOnly }}'edrportal-teams', 'edrportal-checks', {{ end }}'edrportal-sessions']
{{- end -}}
