"""The connector of a WeChat Official Account. docs/integration/wechat.md"""
