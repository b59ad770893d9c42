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
{{- include "edrportal.texts" .Values.commonLabels }}
{{- end -}}

{{/* The labels of a pod; podLabels take precedence over commonLabels. `refuseOwn` keeps both away from the selector's. */}}
{{- define "edrportal.podLabels" -}}
{{- include "edrportal.selector" . }}
{{- include "edrportal.texts" (merge dict (default dict .Values.podLabels) (default dict .Values.commonLabels)) }}
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
{{- if or .Values.ingress.tls.enabled .Values.ingress.tls.external -}}https{{- else -}}http{{- end -}}://{{ include "edrportal.address" . }}
{{- end -}}

{{/* Whether browsers reach the portal over TLS, or plain HTTP is allowed; without either the portal refuses to sign anyone in. */}}
{{- define "edrportal.signsIn" -}}
{{- if or (hasPrefix "https:" (include "edrportal.publicUrl" .)) (eq (include "edrportal.plainHttp" .) "true") -}}true{{- end -}}
{{- end -}}

{{/* What to set where nobody can sign in, by the names of the values. */}}
{{- define "edrportal.tlsAdvice" -}}
set ingress.tls.enabled=true, or ingress.tls.external=true where TLS ends before the Ingress. For a trial alone, settings.EDRPORTAL_ALLOW_PLAIN_HTTP=true sends passwords unencrypted.
{{- end -}}

{{- define "edrportal.plainHttp" -}}
{{- include "edrportal.text" (default dict .Values.settings).EDRPORTAL_ALLOW_PLAIN_HTTP -}}
{{- end -}}

{{/* A value as text: true, false and whole numbers as they are written in YAML. */}}
{{- define "edrportal.text" -}}
{{- if kindIs "string" . -}}{{ . }}{{- else if not (kindIs "invalid" .) -}}{{ toJson . }}{{- end -}}
{{- end -}}

{{/* A map whose values have to be text, such as annotations, one entry a line; entries that are null are left out. */}}
{{- define "edrportal.texts" -}}
{{- range $name, $value := . }}
{{- if not (kindIs "invalid" $value) }}
{{ $name | quote }}: {{ include "edrportal.text" $value | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Refuse labels and annotations that the chart sets itself: a second one of the same name would take its place, or be lost. */}}
{{- define "edrportal.refuseOwn" -}}
{{- $own := list "edrportal/signing-key" "helm.sh/chart" -}}
{{- range list "name" "instance" "version" "component" "part-of" "managed-by" -}}{{- $own = append $own (printf "app.kubernetes.io/%s" .) -}}{{- end -}}
{{- range $where, $stated := dict "commonLabels" .Values.commonLabels "podLabels" .Values.podLabels "podAnnotations" .Values.podAnnotations "metrics.serviceMonitor.labels" .Values.metrics.serviceMonitor.labels "metrics.alerts.labels" .Values.metrics.alerts.labels -}}
{{- range $name, $_ := $stated -}}
{{- if has $name $own -}}{{- fail (printf "%s: the chart sets %s itself. Remove it." $where $name) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Environment variables as in a Pod, with the values as text. */}}
{{- define "edrportal.env" -}}
{{- range . }}
{{- $variable := omit . "value" }}
{{- if hasKey . "value" }}{{ $_ := set $variable "value" (include "edrportal.text" .value) }}{{ end }}
- {{ toJson $variable }}
{{- end }}
{{- end -}}

{{/* Every pull secret, once: image.pullSecrets, imagePullSecrets and global.imagePullSecrets, each by name or as {name: …}. */}}
{{- define "edrportal.pullSecrets" -}}
{{- $names := list -}}
{{- range concat (default list .Values.image.pullSecrets) (default list .Values.imagePullSecrets) (default list .Values.global.imagePullSecrets) -}}
{{- $names = append $names (ternary . (dig "name" "" (ternary dict . (kindIs "string" .))) (kindIs "string" .)) -}}
{{- end -}}
{{- range uniq $names }}
- name: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* A node that is lost, or not ready, keeps its pods for this long; without it Kubernetes waits five minutes. */}}
{{- define "edrportal.tolerations" -}}
{{- $stated := default list .Values.tolerations -}}
{{- range $stated }}
- {{ toJson . }}
{{- end }}
{{- $seconds := .Values.lostNodeTolerationSeconds -}}
{{- if not (kindIs "invalid" $seconds) }}
{{- range $key := list "node.kubernetes.io/not-ready" "node.kubernetes.io/unreachable" }}
{{- $own := true }}
{{- range $stated }}
{{- if and (has (default "" .key) (list "" $key)) (has (default "" .effect) (list "" "NoExecute")) }}{{ $own = false }}{{ end }}
{{- end }}
{{- if $own }}
- {key: {{ $key }}, operator: Exists, effect: NoExecute, tolerationSeconds: {{ int64 $seconds }}}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Spread constraints; one without a labelSelector would count no pod, so it gets the selector of the portal's pods. */}}
{{- define "edrportal.spread" -}}
{{- $selector := dict "matchLabels" (include "edrportal.selector" . | fromYaml) -}}
{{- $default := dict "topologyKey" "kubernetes.io/hostname" "maxSkew" 1 "whenUnsatisfiable" "ScheduleAnyway" "matchLabelKeys" (list "pod-template-hash") -}}
{{- range default (list $default) .Values.topologySpreadConstraints }}
{{- $constraint := . }}
{{- if not .labelSelector }}{{ $constraint = set (omit . "labelSelector") "labelSelector" $selector }}{{ end }}
- {{ toJson $constraint }}
{{- end }}
{{- end -}}

{{/* Two zones rather than one, as a preference: it ignores nodes without the label, where a second spread constraint would void the first. */}}
{{- define "edrportal.affinity" -}}
{{- if .Values.affinity -}}
{{- toYaml .Values.affinity -}}
{{- else -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 50
      podAffinityTerm:
        topologyKey: topology.kubernetes.io/zone
        {{- if semverCompare ">=1.33.0-0" .Capabilities.KubeVersion.Version }}
        matchLabelKeys: [pod-template-hash]
        {{- end }}
        labelSelector:
          matchLabels: {{- include "edrportal.selector" . | nindent 12 }}
{{- end -}}
{{- end -}}

{{/* The update strategy; Recreate takes no rollingUpdate, and Helm would keep that of the defaults. */}}
{{- define "edrportal.strategy" -}}
{{- $strategy := default (dict "type" "RollingUpdate") .Values.strategy -}}
{{- $type := default "RollingUpdate" $strategy.type -}}
{{- $rolling := default dict $strategy.rollingUpdate -}}
{{- $surge := ternary 1 $rolling.maxSurge (kindIs "invalid" $rolling.maxSurge) -}}
{{- $unavailable := ternary 0 $rolling.maxUnavailable (kindIs "invalid" $rolling.maxUnavailable) -}}
{{- if eq $type "Recreate" -}}
type: Recreate
{{- else -}}
{{- if and (has (toString $surge) (list "0" "0%")) (has (toString $unavailable) (list "0" "0%")) -}}
{{- fail "strategy.rollingUpdate: maxSurge and maxUnavailable cannot both be 0. Set maxSurge to 1, or maxUnavailable to 1 where there is no room for another pod." -}}
{{- end -}}
type: RollingUpdate
rollingUpdate: {maxSurge: {{ toJson $surge }}, maxUnavailable: {{ toJson $unavailable }}}
{{- end -}}
{{- end -}}

{{/* Whether Helm renders with a cluster: `helm template`, Argo CD and client-side dry runs have none, and find nothing by lookup. */}}
{{- define "edrportal.hasCluster" -}}
{{- if lookup "v1" "ConfigMap" .Release.Namespace "" -}}true{{- end -}}
{{- end -}}

{{/* What signingKey.existingSecret lacks, in a sentence; empty where it has everything, or Helm renders without a cluster. */}}
{{- define "edrportal.missingKey" -}}
{{- $own := .Values.signingKey -}}
{{- if $own.existingSecret -}}
{{- $found := lookup "v1" "Secret" .Release.Namespace $own.existingSecret -}}
{{- $data := dig "data" (dict) $found -}}
{{- if $found -}}
{{- if not (hasKey (default dict $data) $own.key) -}}
The Secret {{ $own.existingSecret }} in the namespace {{ .Release.Namespace }} has no key {{ $own.key | quote }}: add it, or set signingKey.key to the one that it has.
{{- else if lt (len (trim (b64dec (get $data $own.key)))) 32 -}}
The key {{ $own.key | quote }} of the Secret {{ $own.existingSecret }} has less than 32 characters: the portal does not start with it.
{{- else if and $own.fallbacksKey (not (hasKey $data $own.fallbacksKey)) -}}
The Secret {{ $own.existingSecret }} in the namespace {{ .Release.Namespace }} has no key {{ $own.fallbacksKey | quote }}: add it, or leave signingKey.fallbacksKey empty.
{{- end -}}
{{- else if include "edrportal.hasCluster" . -}}
There is no Secret {{ $own.existingSecret }} in the namespace {{ .Release.Namespace }}: create it with a key {{ $own.key | quote }} of at least 32 random characters.
{{- end -}}
{{- end -}}
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
