"""The portal's way to Kubernetes: one port (`port`), the real cluster (`real`) and one in memory (`memory`).

`real` is the only module of the portal that imports the `kubernetes` package.
"""
