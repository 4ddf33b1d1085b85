"""The connector of WeCom's customer service in WeChat (微信客服). docs/integration/wecom.md"""
