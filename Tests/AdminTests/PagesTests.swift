import Admin
import Model
import Proxy
import Synchronization
import Telemetry
import Testing

/// What the pages print, in Envoy's shapes.
struct PagesTests {
    @Test func clustersAsTextHaveEnvoysLines() throws {
        let fixture = try Fixture()
        let cluster = fixture.plane.clusters.first { $0.configuration.name == "app" }
        let endpoint = try #require(cluster?.endpoints.members.first)
        endpoint.requestsTotal.add(4, ordering: .relaxed)
        endpoint.connectionsActive.add(2, ordering: .relaxed)
        let response = fixture.get("/clusters")
        #expect(response.status == 200)
        let lines = Set(response.text.split(separator: "\n").map(String.init))
        for line in [
            "app::observability_name::app_stats",
            "app::default_priority::max_connections::1024",
            "app::default_priority::max_pending_requests::1024",
            "app::default_priority::max_requests::1024",
            "app::default_priority::max_retries::7",
            "app::high_priority::max_connections::5",
            "app::high_priority::max_retries::3",
            "app::added_via_api::false",
            "app::127.0.0.1:8080::cx_active::2",
            "app::127.0.0.1:8080::cx_connect_fail::0",
            "app::127.0.0.1:8080::cx_total::0",
            "app::127.0.0.1:8080::rq_active::0",
            "app::127.0.0.1:8080::rq_error::0",
            "app::127.0.0.1:8080::rq_success::0",
            "app::127.0.0.1:8080::rq_timeout::0",
            "app::127.0.0.1:8080::rq_total::4",
            "app::127.0.0.1:8080::hostname::app.local",
            "app::127.0.0.1:8080::health_flags::healthy",
            "app::127.0.0.1:8080::weight::1",
            "app::127.0.0.1:8080::region::",
            "app::127.0.0.1:8080::zone::",
            "app::127.0.0.1:8080::sub_zone::",
            "app::127.0.0.1:8080::canary::false",
            "app::127.0.0.1:8080::priority::0",
            "app::127.0.0.1:8080::success_rate::-1",
            "app::127.0.0.1:8080::local_origin_success_rate::-1",
            "app::/run/app.sock::weight::3",
        ] {
            #expect(lines.contains(line), "\(line)")
        }
    }

    @Test func aNameWithALineFeedForgesNoLine() throws {
        let lines = try Fixture().get("/clusters").text.split(separator: "\n")
        #expect(!lines.contains { $0.hasPrefix("forged::") })
        #expect(lines.contains { $0.contains("_forged::line</b>::added_via_api::false") })
    }

    @Test func clustersAsJSONHaveTheShapeOfClusterStatuses() throws {
        let json = try JSON(try Fixture().get("/clusters?format=json").text)
        let status = try #require(json["cluster_statuses"]?[0])
        #expect(status["name"]?.string == "app")
        #expect(status["observability_name"]?.string == "app_stats")
        #expect(status["circuit_breakers"]?["thresholds"]?[0]?["max_retries"]?.number == 7)
        #expect(status["circuit_breakers"]?["thresholds"]?[1]?["priority"]?.string == "HIGH")
        let host = try #require(status["host_statuses"]?[0])
        let address = try #require(host["address"]?["socket_address"])
        #expect(address["address"]?.string == "127.0.0.1")
        #expect(address["port_value"]?.number == 8080)
        #expect(host["health_status"]?["eds_health_status"]?.string == "HEALTHY")
        let names = host["stats"]?.elements.compactMap { $0["name"]?.string }
        #expect(names?.contains("rq_total") == true)
        let pipe = status["host_statuses"]?[1]?["address"]?["pipe"]?["path"]
        #expect(pipe?.string == "/run/app.sock")
        #expect(json["cluster_statuses"]?[1]?["name"]?.string == Fixture.forgedName)
    }

    @Test func listenersNameTheirBoundAddresses() throws {
        let fixture = try Fixture()
        let lines = fixture.get("/listeners").text.split(separator: "\n")
        try #require(lines.count == 2)
        #expect(lines[0].hasPrefix("inbound::127.0.0.1:") && !lines[0].hasSuffix(":0"))
        #expect(lines[1].hasPrefix("inbound::127.0.0.2:"))
        let json = try JSON(fixture.get("/listeners?format=json").text)
        let status = try #require(json["listener_statuses"]?[0])
        #expect(status["name"]?.string == "inbound")
        let port = status["local_address"]?["socket_address"]?["port_value"]?.number
        #expect(lines[0].hasSuffix(":\(Int(port ?? 0))"))
        #expect(status["additional_local_addresses"]?.elements.count == 1)
    }

    @Test func serverInfoHasTheShapeOfServerInfo() throws {
        let json = try JSON(try Fixture().get("/server_info").text)
        #expect(json["version"]?.string == "1.2.3")
        #expect(json["state"]?.string == "LIVE")
        #expect(json["uptime_current_epoch"]?.string == "12s")
        #expect(json["uptime_all_epochs"]?.string == "12s")
        #expect(json["hot_restart_version"]?.string == "disabled")
        #expect(json["command_line_options"]?["drain_time"]?.string == "30s")
        #expect(json["command_line_options"]?["concurrency"]?.number == 1)
        #expect(json["command_line_options"]?["config_path"]?.string == "envoy.yaml")
        #expect(json["node"]?["id"]?.string == "node-1")
        #expect(json["node"]?["cluster"]?.string == "shop")
    }

    @Test func configDumpIsWhatTheExecutableGives() throws {
        let response = try Fixture().get("/config_dump?resource=static_listeners&name_regex=a")
        #expect(response.contentType == "application/json")
        #expect(response.text == "{\"configs\": [\"static_listeners a\"]}")
    }

    @Test func configDumpSaysWhyItHasNoAnswer() throws {
        let response = try Fixture().get("/config_dump?resource=nothing")
        #expect(response.status == 404)
        #expect(response.text == "no resource\n")
    }

    @Test func configStatusTellsTheLastAttempt() throws {
        let fixture = try Fixture()
        fixture.record.update {
            $0.version = 7
            $0.loadedAt = 1_700_000_000
            $0.files = ["envoy.yaml"]
            $0.watch = "inotify"
            $0.lastAttempt = ReloadAttempt(
                at: 1_700_000_060,
                cause: "file change",
                outcome: .rejected,
                problems: ["envoy.yaml:3:1: <b>: what"]
            )
        }
        let json = try JSON(fixture.get("/config_status").text)
        #expect(json["state"]?.string == "STALE")
        #expect(json["version"]?.string == "7")
        #expect(json["loaded_at"]?.string == "2023-11-14T22:13:20Z")
        let attempt = try #require(json["last_attempt"])
        #expect(attempt["outcome"]?.string == "REJECTED")
        #expect(attempt["at"]?.string == "2023-11-14T22:14:20Z")
        let page = fixture.get("/").text
        #expect(page.contains("refused") && page.contains("&lt;b&gt;"))
        #expect(fixture.registry.value(.configReloadStale) == 1)
        #expect(fixture.registry.value(.configReloadVersion) == 7)
    }

    @Test(arguments: [
        "/server_info", "/clusters?format=json", "/listeners?format=json", "/config_dump",
        "/config_status",
        "/stats?format=json", "/certs", "/memory", "/runtime", "/init_dump",
    ])
    func everyJSONPageIsJSON(target: String) throws {
        let response = try Fixture(nodeID: "a\"\\\u{1}\n").get(target)
        #expect(response.status == 200)
        #expect(response.contentType == "application/json")
        _ = try JSON(response.text)
    }

    @Test func memoryIsWhatTheKernelSays() throws {
        let json = try JSON(try Fixture().get("/memory").text)
        let resident = Int(json["total_physical_bytes"]?.string ?? "") ?? 0
        let peak = Int(json["peak_physical_bytes"]?.string ?? "") ?? 0
        #expect(resident > 1 << 20)
        #expect(peak >= resident / 2)
    }

    @Test func theHomePageEscapesWhatItShows() throws {
        let fixture = try Fixture(
            nodeID: "<script>alert('1')</script>&\"",
            configurationFiles: ["<i>.yaml"]
        )
        let response = fixture.get("/")
        #expect(response.contentType == "text/html; charset=UTF-8")
        #expect(!response.text.contains("<script"))
        #expect(!response.text.contains("<i>"))
        #expect(
            response.text.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;")
        )
        #expect(response.header("content-security-policy")?.contains("default-src 'none'") == true)
    }

    @Test func theHomePageLinksPagesAndPostsActions() throws {
        let text = try Fixture().get("/").text
        #expect(text.contains("<a href=\"/clusters\">"))
        #expect(text.contains("<form method=\"post\" action=\"/quitquitquit\">"))
        #expect(text.contains("formaction=\"/logging?level=debug\""))
        #expect(!text.contains("<a href=\"/quitquitquit\">"))
    }

    @Test func helpIsTextAndNamesEveryEndpoint() throws {
        let response = try Fixture().get("/help")
        #expect(response.contentType.hasPrefix("text/plain"))
        for path in ["/ready", "/clusters", "/quitquitquit (POST)", "/stats/prometheus"] {
            #expect(response.text.contains("  \(path): "), "\(path)")
        }
    }

    @Test(arguments: ["/clusters", "/listeners", "/stats"])
    func anUnknownFormatIsRefusedWithTheKnownOnes(path: String) throws {
        let response = try Fixture().get("\(path)?format=xml")
        #expect(response.status == 400)
        #expect(response.text.contains("text, json"))
    }
}
