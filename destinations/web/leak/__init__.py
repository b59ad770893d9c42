"""The pages of a leak: find the credential, disable and rotate what holds it, and prove what was done."""
