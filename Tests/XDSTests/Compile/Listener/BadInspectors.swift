/// Listener filters that are refused or doubtful, and what is said of them.
extension BadListener {
    static let inspectors: [BadListener] = [
        BadListener(
            "a filter has a known name",
            .listenerFilters,
            "{name: envoy.filters.listener.tls_inspectr}",
            says: [
                #"""
                refused: 4:9: static_resources.listeners[0].listener_filters[0].name: there \#
                is no listener filter "envoy.filters.listener.tls_inspectr": did you mean \#
                "envoy.filters.listener.tls_inspector"?
                """#
            ]
        ),
        BadListener(
            "a name is Envoy's whole name",
            .listenerFilters,
            "{name: tls_inspector}",
            says: [
                #"""
                refused: 4:9: static_resources.listeners[0].listener_filters[0].name: there \#
                is no listener filter "tls_inspector": did you mean \#
                "envoy.filters.listener.tls_inspector"?
                """#
            ]
        ),
        BadListener(
            "a filter that is not there is told",
            .listenerFilters,
            "{name: envoy.filters.listener.local_ratelimit}",
            says: [
                #"""
                refused: 4:8: static_resources.listeners[0].listener_filters[0]: listener \#
                filter "envoy.filters.listener.local_ratelimit" is not supported yet: known \#
                are envoy.filters.listener.tls_inspector, \#
                envoy.filters.listener.http_inspector, envoy.filters.listener.original_dst, \#
                envoy.filters.listener.original_src, envoy.filters.listener.proxy_protocol
                """#
            ]
        ),
        BadListener(
            "a filter is known by its type",
            .listenerFilters,
            #"""
            {name: limit, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.filters.listener.local_ratelimit.v3.LocalRat\#
            eLimit}}
            """#,
            says: [
                #"""
                refused: 4:46: \#
                static_resources.listeners[0].listener_filters[0].typed_config: the type \#
                envoy.extensions.filters.listener.local_ratelimit.v3.LocalRateLimit is not \#
                supported yet: supported here: \#
                envoy.extensions.filters.listener.http_inspector.v3.HttpInspector, \#
                envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector, \#
                envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol, \#
                envoy.extensions.filters.listener.original_dst.v3.OriginalDst, \#
                envoy.extensions.filters.listener.original_src.v3.OriginalSrc
                """#
            ]
        ),
        BadListener(
            "a filter takes part once",
            .listenerFilters,
            #"""
            {name: envoy.filters.listener.tls_inspector, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspect\#
            or}}, {name: envoy.filters.listener.tls_inspector, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspect\#
            or}}
            """#,
            says: [
                #"""
                4:164: static_resources.listeners[0].listener_filters[1]: is there already, \#
                and takes part once: remove it
                """#
            ]
        ),
        BadListener(
            "the header of the PROXY protocol is read first",
            .listenerFilters,
            #"""
            {name: envoy.filters.listener.tls_inspector, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspect\#
            or}}, {name: envoy.filters.listener.proxy_protocol, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProt\#
            ocol}}
            """#,
            says: [
                #"""
                4:164: static_resources.listeners[0].listener_filters[1]: stands behind an \#
                inspector, but its header is read first: move it to the front
                """#
            ]
        ),
        BadListener(
            "some version of the PROXY protocol is taken",
            .listenerFilters,
            #"""
            {name: envoy.filters.listener.proxy_protocol, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProt\#
            ocol, disallowed_versions: [V1, V2]}}
            """#,
            says: [
                #"""
                4:165: \#
                static_resources.listeners[0].listener_filters[0].typed_config.disallowed_ver\#
                sions: refuses every version, so no header is taken: leave one out
                """#
            ]
        ),
        BadListener(
            "rules for TLVs are not known",
            .listenerFilters,
            #"""
            {name: envoy.filters.listener.proxy_protocol, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProt\#
            ocol, rules: [{tlv_type: 2}]}}
            """#,
            says: [
                #"""
                refused: 4:165: \#
                static_resources.listeners[0].listener_filters[0].typed_config.rules: it is \#
                not supported yet
                """#
            ]
        ),
        BadListener(
            "a filter is off for ports",
            .listenerFilters,
            #"""
            {name: envoy.filters.listener.original_dst, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst\#
            }, filter_disabled: {any_match: true}}
            """#,
            says: [
                #"""
                refused: 4:160: \#
                static_resources.listeners[0].listener_filters[0].filter_disabled: it is not \#
                supported for envoy.filters.listener.original_dst yet: it turns off \#
                tls_inspector and http_inspector alone
                """#
            ]
        ),
        BadListener(
            "a condition says something",
            .listenerFilters,
            #"""
            {name: envoy.filters.listener.tls_inspector, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspect\#
            or}, filter_disabled: {}}
            """#,
            says: [
                #"""
                refused: 4:163: \#
                static_resources.listeners[0].listener_filters[0].filter_disabled: says no \#
                condition: give destination_port_range: {start: 3306, end: 3307}
                """#
            ]
        ),
        BadListener(
            "a range has a port",
            .listenerFilters,
            #"""
            {name: envoy.filters.listener.tls_inspector, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspect\#
            or}, filter_disabled: {destination_port_range: {start: 80, end: 80}}}
            """#,
            says: [
                #"""
                refused: 4:181: \#
                static_resources.listeners[0].listener_filters[0].filter_disabled.destination\#
                _port_range: holds no port: the end stands behind the range: {start: 80, end: \#
                81} is port 80
                """#
            ]
        ),
        BadListener(
            "one of two conditions has two",
            .listenerFilters,
            #"""
            {name: envoy.filters.listener.tls_inspector, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspect\#
            or}, filter_disabled: {or_match: {rules: [{any_match: true}]}}}
            """#,
            says: [
                #"""
                refused: 4:192: \#
                static_resources.listeners[0].listener_filters[0].filter_disabled.or_match.ru\#
                les: has 1 conditions: give at least two, or leave it out
                """#
            ]
        ),
        BadListener(
            "no condition is no condition",
            .listenerFilters,
            #"""
            {name: envoy.filters.listener.tls_inspector, typed_config: {"@type": \#
            type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspect\#
            or}, filter_disabled: {any_match: false}}
            """#,
            says: [
                #"""
                refused: 4:181: \#
                static_resources.listeners[0].listener_filters[0].filter_disabled.any_match: \#
                is false: leave filter_disabled out
                """#
            ]
        ),
        BadListener(
            "a time for inspectors is not negative",
            .listener,
            "filter_chains: [{filters: [HCM]}], listener_filters_timeout: -1s",
            says: [
                #"""
                refused: 4:359: static_resources.listeners[0].listener_filters_timeout: is \#
                negative: a duration is at least 0s
                """#
            ]
        ),
        BadListener(
            "a listener without a socket is reached from another",
            .listener,
            "filter_chains: [{filters: [HCM]}], bind_to_port: false",
            says: [
                #"""
                4:359: static_resources.listeners[0].bind_to_port: the listener opens no \#
                socket, so nothing reaches it: leave bind_to_port out, or give another \#
                listener use_original_dst: true
                """#
            ]
        ),
    ]
}
