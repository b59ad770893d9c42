"""Kinds of registries: how their hosts look, what things are called there, and where a push stumbles. Pure.

Facts from the vendors' documentation; each preset names what to type into the form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PORT = re.compile(r":[0-9]+\Z")
_MAX_HOST = 300


@dataclass(frozen=True, slots=True)
class Preset:
    """One kind of registry.

    `host` is the host itself where everyone has the same one (`fixed`), else an example of it; `patterns` are regular
    expressions over a host without its port, in lower case. `word` is what the organization is called there, `where`
    the way to an account for a machine, `right` what it needs to push, `credential` which kind of password that is,
    `docs` the vendor's page about it. A `is_short_lived` password expires within hours, whatever one does.
    """

    key: str
    kind: str
    host: str
    patterns: tuple[str, ...]
    word: str
    organization: str
    where: str
    right: str
    username: str
    credential: str
    traps: tuple[str, ...] = ()
    fixed: bool = False
    fixed_username: str = ""
    docs: str = ""
    is_short_lived: bool = False

    def knows(self, host: str) -> bool:
        """Return whether a host, with or without a port, is probably of this kind."""
        name = _PORT.sub("", host.strip().lower())
        return len(name) <= _MAX_HOST and any(re.fullmatch(pattern, name) for pattern in self.patterns)


_IMMUTABLE = "By default every export pushes chart version 0.0.0: with {}, the registry rejects the second one."

DOCKER_HUB = Preset(
    key="docker-hub",
    kind="Docker Hub",
    host="docker.io",
    patterns=(r"docker\.io", r"(index|registry-1|hub|registry\.hub)\.docker\.(io|com)"),
    word="Docker ID or organization",
    organization="the Docker ID or the organization, without a slash",
    where="Account settings → Personal access tokens (organizations: Access tokens)",
    right="Read & Write",
    username="the Docker ID",
    credential="an access token, which may have an expiry date",
    traps=(
        "Docker Hub accepts only two-part repositories: the organization has no slash.",
        (
            "Its other names (index.docker.io, registry-1.docker.io, registry.hub.docker.com) mean the same "
            "registry: write docker.io."
        ),
        (
            "A repository that a push creates is private or public, depending on the account's settings: check them "
            "before the first export."
        ),
        _IMMUTABLE.format("immutable tags"),
    ),
    fixed=True,
    docs="https://docs.docker.com/security/access-tokens/",
)
GHCR = Preset(
    key="ghcr",
    kind="GitHub (GHCR)",
    host="ghcr.io",
    patterns=(r"ghcr\.io", r"containers\.[a-z0-9.-]+\.ghe\.com"),
    word="user or organization",
    organization="the user or organization, in lowercase",
    where="Settings → Developer settings → Personal access tokens → Tokens (classic)",
    right="write:packages",
    username="the account's GitHub name",
    credential="a personal access token (classic), which expires on the day chosen when it was created",
    traps=(
        "The token becomes invalid with the account: use one that belongs to no person.",
        "An organization with single sign-on has to authorize the token before it can push.",
    ),
    fixed=True,
    docs="https://docs.github.com/en/packages/working-with-a-github-packages-registry/working-with-the-container-registry",
)
QUAY = Preset(
    key="quay",
    kind="Quay",
    host="quay.io",
    patterns=(r"quay\.io", r"(.+[.-])?quay[.-].+"),
    word="organization",
    organization="the organization at Quay",
    where="Organization → Robot Accounts → Create Robot Account, then Repository Permissions",
    right="Write on both repositories; Admin of the organization if they do not exist yet",
    username="ORGANIZATION+NAME",
    credential="a robot's token, which stays valid until it is regenerated",
    traps=(
        "Write only the host, quay.io or your own: the organization has its own field.",
        "Create both repositories first (NAMESPACE-APP-chart and NAMESPACE-APP-image), or make the robot's team an admin.",
        "Creator is not enough for a new repository: Helm first uses a token for pull alone, which Quay rejects.",
    ),
    fixed=True,
    docs="https://docs.quay.io/glossary/robot-accounts.html",
)
GITLAB = Preset(
    key="gitlab",
    kind="GitLab",
    host="registry.gitlab.com",
    patterns=(r"registry\.gitlab\.com", r"(.+[.-])?gitlab[.-].+"),
    word="group and project",
    organization="GROUP/PROJECT, in lowercase",
    where="Project → Settings → Repository → Deploy tokens",
    right="read_registry and write_registry",
    username="gitlab+deploy-token-NUMBER, or the user name that you gave it, not the token's own name",
    credential="a deploy token, which may have an expiry date",
    traps=(
        "The project has to exist, and its container registry has to be enabled.",
        _IMMUTABLE.format("a rule for protected or immutable tags"),
    ),
    fixed=True,
    docs="https://docs.gitlab.com/user/project/deploy_tokens/",
)
HARBOR = Preset(
    key="harbor",
    kind="Harbor",
    host="harbor.example.com",
    patterns=(r"(.+[.-])?harbor([.-].+)?",),
    word="project",
    organization="the project, such as team-a",
    where="Project → Robot Accounts → New Robot Account",
    right="Repository: push and pull (Harbor needs both), on this project",
    username="robot$PROJECT+NAME, as Harbor shows it once",
    credential="a robot's secret, shown once; it expires after 30 days by default",
    traps=(
        "The project has to exist.",
        _IMMUTABLE.format("a rule for immutable tags"),
        "A project's quota counts every export.",
    ),
    docs="https://goharbor.io/docs/2.15.0/working-with-projects/project-configuration/create-robot-accounts/",
)
ECR = Preset(
    key="ecr",
    kind="Amazon ECR",
    host="ACCOUNT.dkr.ecr.REGION.amazonaws.com",
    patterns=(r"[0-9]{12}\.dkr[.-]ecr(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|on\.aws)",),
    word="repository prefix",
    organization="the prefix of the repositories",
    where="aws ecr get-login-password --region REGION",
    right="ecr:GetAuthorizationToken, BatchCheckLayerAvailability, InitiateLayerUpload, UploadLayerPart, "
    "CompleteLayerUpload, PutImage",
    username="AWS",
    credential="a token that expires after 12 hours",
    traps=(
        "The password expires after 12 hours: rotate it with a CronJob.",
        "Repositories have to exist before the push: PREFIX/NAMESPACE-APP-chart and PREFIX/NAMESPACE-APP-image.",
        _IMMUTABLE.format("immutable tags"),
    ),
    fixed_username="AWS",
    docs="https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html",
    is_short_lived=True,
)
ARTIFACT_REGISTRY = Preset(
    key="artifact-registry",
    kind="Google Artifact Registry",
    host="REGION-docker.pkg.dev",
    patterns=(r"[a-z0-9-]+-docker\.pkg\.dev", r"([a-z]+\.)?gcr\.io"),
    word="project and repository",
    organization="PROJECT/REPOSITORY",
    where="IAM → Service accounts → Keys → Add key (JSON)",
    right="Artifact Registry Writer",
    username="_json_key",
    credential="the whole key file of a service account, which stays valid until it is deleted",
    traps=(
        "The password is the whole key file: import it, or choose it as a file.",
        "The repository has to exist, in the format Docker.",
        "A domain-scoped project has a slash here: write example.com:payments as example.com/payments.",
        "A token of gcloud (user name oauth2accesstoken) expires after an hour: use the key file.",
        _IMMUTABLE.format("immutable image tags"),
    ),
    fixed_username="_json_key",
    docs="https://cloud.google.com/artifact-registry/docs/docker/authentication",
)
ACR = Preset(
    key="acr",
    kind="Azure (ACR)",
    host="NAME.azurecr.io",
    patterns=(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.azurecr\.(io|cn|us)",),
    word="path",
    organization="any path",
    where="Container registry → Repository permissions → Tokens",
    right="content/write and content/read (the scope map _repositories_push)",
    username="the token's name",
    credential="a token's password, which may have an expiry date",
    traps=(
        "A token may have an expiry date: enter it in the form.",
        "What az acr login writes expires after three hours: create a token of the registry (az acr token create).",
        "A repository that is locked against writes rejects the push.",
    ),
    docs="https://learn.microsoft.com/azure/container-registry/container-registry-token-based-repository-permissions",
)
NEXUS = Preset(
    key="nexus",
    kind="Nexus Repository",
    host="nexus.example.com:8443",
    patterns=(r"(.+[.-])?nexus[0-9]?([.-].+)?",),
    word="path",
    organization="any path; with path-based routing, the name of the hosted repository first",
    where="Administration → Security → Users, with a role of its own; or a user token (Profile → User Token)",
    right="nx-repository-view-docker-REPOSITORY-add, -edit and -read",
    username="the user, or the name code of the user token",
    credential="the user's password or a user token's pass code",
    traps=(
        (
            "The repository must be a hosted one with the format docker, and have a port or a name of its own: that "
            "is the host."
        ),
        _IMMUTABLE.format("the deployment policy Disable redeploy"),
    ),
    docs="https://help.sonatype.com/en/user-tokens.html",
)
ARTIFACTORY = Preset(
    key="artifactory",
    kind="Artifactory",
    host="NAME.jfrog.io",
    patterns=(r"[a-z0-9.-]+\.jfrog\.io", r"(.+[.-])?artifactory([.-].+)?"),
    word="repository key",
    organization="the key of the local Docker repository, optionally with a path below it",
    where="Administration → User Management → Access Tokens",
    right="Deploy/Cache and Read on the repository; Delete/Overwrite for the second export",
    username="the user for whom the token was created",
    credential="an access token, which may have an expiry date",
    traps=(
        (
            "The repository has to exist, as a local one of the type Docker; a virtual one needs a default "
            "deployment repository."
        ),
        (
            "Without Delete/Overwrite, the registry rejects the second export: by default every export pushes chart "
            "version 0.0.0."
        ),
    ),
    docs="https://jfrog.com/help/r/jfrog-platform-administration-documentation/access-tokens",
)
PLAIN = Preset(
    key="plain",
    kind="Another registry",
    host="registry.example.com",
    patterns=(),
    word="path",
    organization="the path below the host: team, or platform/team",
    where="In the registry's administration",
    right="push and pull below this path",
    username="as the registry shows it",
    credential="the account's password or token",
    traps=("Some registries create a repository at the first push, others require it before.",),
)
PRESETS = (
    DOCKER_HUB, GHCR, QUAY, GITLAB, HARBOR, ECR, ARTIFACT_REGISTRY, ACR, NEXUS, ARTIFACTORY, PLAIN,
)  # fmt: skip


BY_KEY = {preset.key: preset for preset in PRESETS}
CHOICES = (("", "Recognize it by its host"), *((preset.key, preset.kind) for preset in PRESETS))


def of_host(host: str) -> Preset | None:
    """Return the kind of registry that a host tells, None where it tells none."""
    return next((preset for preset in PRESETS if preset.knows(host)), None)


_EVERYWHERE_PUBLIC = (DOCKER_HUB, GHCR, ECR, ARTIFACT_REGISTRY, ACR)
_PUBLIC_HOSTS = re.compile(
    r"quay\.io|docker\.cloudsmith\.io|registry\.gitlab\.com|public\.ecr\.aws|registry\.digitalocean\.com|[a-z0-9-]+\.jfrog\.io"
    r"|rg\.[a-z-]+\.scw\.cloud|([a-z0-9]+\.){0,2}icr\.io|[a-z0-9-]+\.ocir\.io|cr\.yandex|codeberg\.org"
    r"|(registry|[a-z0-9-]+-registry)(-intl)?\.[a-z0-9-]+(\.cr)?\.aliyuncs\.com|swr\.[a-z0-9-]+\.myhuaweicloud\.com"
    r"|ccr\.ccs\.tencentyun\.com|[a-z0-9-]+\.(tencentcloudcr|vultrcr)\.com|registry\.(heroku\.com|fly\.io)"
)


def is_public(host: str) -> bool:
    """Return whether a host is that of a well-known service, whose certificate a public CA signed."""
    name = _PORT.sub("", host.strip().lower())
    if len(name) > _MAX_HOST:
        return False
    return bool(_PUBLIC_HOSTS.fullmatch(name)) or any(kind.knows(name) for kind in _EVERYWHERE_PUBLIC)


def chosen(key: str, host: str) -> Preset | None:
    """Return the kind that someone chose, else the one that the host tells; a key that is unknown counts as none."""
    return BY_KEY.get(key) or of_host(host)


__all__ = ["BY_KEY", "CHOICES", "PLAIN", "PRESETS", "Preset", "chosen", "is_public", "of_host"]
