"""Where the registries that people have give out accounts for machines, and which right a push needs. Pure.

Facts from the vendors' documentation; each names what to type into the form.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guide:
    """One kind of registry: how its hosts look, where the account is made, which right it takes, and its pitfall."""

    kind: str
    host: str
    organization: str
    where: str
    right: str
    username: str
    caution: str = ""


GUIDES = (
    Guide(
        "Harbor",
        "harbor.example.com",
        "the project, such as team-a",
        "Project → Robot Accounts → New Robot Account",
        "Repository: push and pull (Harbor needs both), on this project",
        "robot$PROJECT+NAME, as Harbor shows it once",
        "The secret is shown once. A project with immutable tags refuses the second default export.",
    ),
    Guide(
        "Quay",
        "quay.io",
        "the organization",
        "Organization → Robot Accounts → Create Robot Account, then Repository Permissions",
        "Write on the repositories; Creator for the organization's team if they do not exist yet",
        "ORGANIZATION+NAME",
        "The host is quay.io alone; the organization has its own field.",
    ),
    Guide(
        "GitHub (GHCR)",
        "ghcr.io",
        "the user or organization, in lower case",
        "Settings → Developer settings → Personal access tokens → Tokens (classic)",
        "write:packages",
        "the account's GitHub name",
        "The token ends with the account: use one that belongs to no person.",
    ),
    Guide(
        "GitLab",
        "registry.gitlab.com",
        "group/project",
        "Project → Settings → Repository → Deploy tokens",
        "read_registry and write_registry",
        "gitlab+deploy-token-NUMBER, or the name you gave it",
    ),
    Guide(
        "Docker Hub",
        "registry-1.docker.io",
        "the Docker ID or organization",
        "Account settings → Personal access tokens (organizations: Access tokens)",
        "Read & Write",
        "the Docker ID",
        "Docker Hub knows repositories of two parts only: the organization has no slash.",
    ),
    Guide(
        "Amazon ECR",
        "ACCOUNT.dkr.ecr.REGION.amazonaws.com",
        "the prefix of the repositories",
        "aws ecr get-login-password --region REGION",
        "ecr:GetAuthorizationToken, BatchCheckLayerAvailability, InitiateLayerUpload, UploadLayerPart, "
        "CompleteLayerUpload, PutImage",
        "AWS",
        "The password ends after 12 hours: let a CronJob rotate it. Repositories have to exist before the push.",
    ),
    Guide(
        "Google Artifact Registry",
        "REGION-docker.pkg.dev",
        "PROJECT/REPOSITORY",
        "IAM → Service accounts → Keys → Add key (JSON)",
        "Artifact Registry Writer",
        "_json_key",
        "The password is the whole key file: choose it as a file.",
    ),
    Guide(
        "Azure (ACR)",
        "NAME.azurecr.io",
        "any path",
        "Container registry → Repository permissions → Tokens",
        "content/write and content/read (the scope map _repositories_push)",
        "the token's name",
        "A token has an expiry date: note it in the form.",
    ),
)
