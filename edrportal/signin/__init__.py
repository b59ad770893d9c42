"""Who is asking: Epinio users and roles, single sign-on, cookie sessions, limits."""
