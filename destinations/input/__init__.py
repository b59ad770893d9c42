"""What people type, paste and upload, before it is a change. Pure."""
