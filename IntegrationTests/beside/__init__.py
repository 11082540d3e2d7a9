"""Tables of cases that are put to the sidecar and to Envoy at once: the same file, the same requests.

`case` says what a case is, `upstreams` plays its upstreams, `side` observes one proxy, `comparing`
finds what differs, `stage` starts both and checks. The other files are the tables, by topic.
"""
