"""What is said where passwords would travel in clear (`Environment.is_in_clear`)."""

IN_CLEAR = (
    "Nobody can sign in here: there is no TLS, and passwords would travel in clear.",
    "Whoever runs the portal puts TLS in front of it, and sets EDRPORTAL_PUBLIC_URL to the https address.",
)
