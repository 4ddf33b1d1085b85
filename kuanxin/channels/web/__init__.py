"""The web chat's connector: sockets, the widget's script, documents to keep. docs/integration/web.md"""
