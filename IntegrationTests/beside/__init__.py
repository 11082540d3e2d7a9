"""Tables of cases for the sidecar and Envoy at once: the same file, the same requests.

`case` says what a case is, `upstreams` plays its upstreams, `side` observes one proxy, `comparing`
finds what differs, `stage` starts both and checks. `parts`, `securing`, `streams` and `relaying`
are what tables share. The other files are the tables, by topic; each has a test file of its name,
`test_beside_<topic>.py`, but `breaking` and `living` (HTTP/2) and `remote` (gRPC).

    pytest -c IntegrationTests/pytest.ini -n 3 IntegrationTests/test_beside_*.py    # all of them
    pytest … -k "retries and 5xx"                   # by the names of worlds and cases
    pytest … --proxy=envoy                          # Envoy on both sides: no case may differ
    BESIDE_NOTES=notes.txt pytest …                 # writes down what Envoy showed in each case

Not compared: values that no two runs share (request ids, times, the date, the server's name), the
words and lengths of local replies, the system's words for a failed connection.
"""
