"""What whoever applies a Secret by kubectl is warned of: by the same judgement as the pages. Pure."""
