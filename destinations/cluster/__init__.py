"""The portal's way to Kubernetes: one port (`port`), the real cluster (`kube`) and one in memory (`memory`).

`kube` is the only room that imports the `kubernetes` package.
"""
