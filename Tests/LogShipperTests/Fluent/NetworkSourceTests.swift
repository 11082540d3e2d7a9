import Testing

@testable import LogShipper

@Suite struct NetworkSourceTests {
    @Test func fluentdsForwardKeepsUsersPrefixAndAddress() throws {
        let source = try FluentTexts.fluentd(
            """
            <source>
              @type forward
              port 0
              add_tag_prefix remote
              source_address_key from
              chunk_size_limit 1m
              <security>
                self_hostname here
                shared_key k
                user_auth true
                <user>
                  username u
                  password p
                </user>
              </security>
            </source>
            """
        ).sources[0]
        guard case .forward(let listen, "k") = source.kind else {
            Issue.record("a forward source was expected")
            return
        }
        #expect(listen.host == "0.0.0.0" && listen.port == 0)
        #expect(listen.messageBytesMax == 1 << 20)
        #expect(source.network.hostname == "here")
        #expect(source.network.users == [NetworkUser(name: "u", password: "p")])
        #expect(source.network.tagPrefix == "remote.")
        #expect(source.network.addressKeys == ["from"])
    }

    @Test func fluentdsSyslogPutsThePriorityIntoTheTag() throws {
        let sources = try FluentTexts.fluentd(
            """
            <source>
              @type syslog
              tag s
              severity_key level
              <transport udp>
              </transport>
            </source>
            <source>
              @type syslog
              tag s
              protocol_type tcp
              port 5141
              include_source_host true
              <parse>
                @type none
              </parse>
            </source>
            """
        ).sources
        let first = sources[0].network.priority
        #expect(first.isInTag && !first.keepsFields && !first.isStripped)
        #expect(first.severityKey == "level" && first.facilityKey == nil)
        guard case .syslog(_, .udp) = sources[0].kind, case .syslog(_, .tcp) = sources[1].kind
        else {
            Issue.record("a source over UDP and one over TCP were expected")
            return
        }
        #expect(sources[1].network.priority.isStripped)
        #expect(sources[1].network.addressKeys == ["source_host"])
    }

    @Test func fluentBitsSourcesMayListenAtPaths() throws {
        let sources = try FluentTexts.fluentBit(
            """
            [INPUT]
                Name forward
                Unix_Path /run/f.sock
                Tag_Prefix a-
                Shared_Key k
                Self_Hostname here
                Security.Users u p
            [INPUT]
                Name syslog
                Path /run/s.sock
                Raw_Message_Key raw
                Source_Address_Key from
            [OUTPUT]
                Name null
                Match *
            """
        ).sources
        guard case .forward(let forward, "k") = sources[0].kind,
            case .syslog(let syslog, .udp) = sources[1].kind
        else {
            Issue.record("a forward source and one of syslog were expected")
            return
        }
        #expect(forward.host == "/run/f.sock" && syslog.host == "/run/s.sock")
        #expect(sources[0].network.tagPrefix == "a-")
        #expect(sources[0].network.users == [NetworkUser(name: "u", password: "p")])
        #expect(sources[1].network.rawKey == "raw")
        #expect(sources[1].network.addressKeys == ["from"])
        #expect(sources[1].parser.kind == .syslog(.automatic))
    }

    @Test func whatWouldLetStrangersInIsRefused() {
        let refusals = [
            FluentTexts.refusal(
                "<source>\n@type forward\n<security>\nself_hostname a\nshared_key k\n<client>\n"
                    + "host b\n</client>\n</security>\n</source>"
            ),
            FluentTexts.refusal(
                "<source>\n@type forward\n<security>\nself_hostname a\nshared_key k\n"
                    + "user_auth true\n</security>\n</source>"
            ),
            FluentTexts.refusal(
                "[INPUT]\n  Name forward\n  Security.Users u p\n[OUTPUT]\n  Name null\n  Match *",
                isBit: true
            ),
        ]
        #expect(refusals[0].contains("<client> is not supported"))
        #expect(refusals[1].contains("user_auth needs a section <user>"))
        #expect(refusals[2].contains("Security.Users needs Shared_Key"))
    }
}
