"""Secrets as files for Git: SealedSecrets for one controller, and skeletons of ExternalSecrets. Pure."""
