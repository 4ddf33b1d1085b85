"""The desk: what staff see and do. Django's logins, sessions and translation; everything else through `kuanxin`."""
