/// Fragments about outlier detection, and what is said of them.
extension BadCluster {
    static let outliers: [BadCluster] = [
        BadCluster(
            "an interval of zero",
            "outlier_detection: {interval: 0s}",
            says: [
                """
                4:28: static_resources.clusters[0].outlier_detection.interval: refused, must be \
                longer than 0s: leave it out for 10 s
                """
            ]
        ),
        BadCluster(
            "a negative interval",
            "outlier_detection: {interval: -1s}",
            says: [
                """
                4:28: static_resources.clusters[0].outlier_detection.interval: refused, is \
                negative: a duration is at least 0s
                """
            ]
        ),
        BadCluster(
            "an ejection of no time",
            "outlier_detection: {base_ejection_time: 0s}",
            says: [
                """
                4:28: static_resources.clusters[0].outlier_detection.base_ejection_time: \
                refused, must be longer than 0s: leave it out for 30 s
                """
            ]
        ),
        BadCluster(
            "a longest ejection below the first",
            "outlier_detection: {base_ejection_time: 60s, max_ejection_time: 30s}",
            says: [
                """
                4:53: static_resources.clusters[0].outlier_detection.max_ejection_time: \
                refused, is shorter than base_ejection_time: an endpoint is left out for \
                base_ejection_time at least; leave it out for 300 s
                """
            ]
        ),
        BadCluster(
            "a share above all",
            "outlier_detection: {max_ejection_percent: 101}",
            says: [
                """
                4:28: static_resources.clusters[0].outlier_detection.max_ejection_percent: \
                refused, 101 is no percentage: give 0 to 100
                """
            ]
        ),
        BadCluster(
            "a share of nothing",
            "outlier_detection: {max_ejection_percent: 0}",
            says: [
                """
                4:28: static_resources.clusters[0].outlier_detection.max_ejection_percent: is \
                0, so no endpoint is ever left out: give at least 1, or always_eject_one_host: \
                true
                """
            ]
        ),
        BadCluster(
            "an enforcement above all",
            "outlier_detection: {enforcing_success_rate: 200}",
            says: [
                """
                4:28: static_resources.clusters[0].outlier_detection.enforcing_success_rate: \
                refused, 200 is no percentage: give 0 to 100
                """
            ]
        ),
        BadCluster(
            "a threshold above all",
            "outlier_detection: {failure_percentage_threshold: 101}",
            says: [
                """
                4:28: static_resources.clusters[0].outlier_detection.\
                failure_percentage_threshold: refused, 101 is no percentage: give 0 to 100
                """
            ]
        ),
        BadCluster(
            "a count of zero",
            "outlier_detection: {consecutive_5xx: 0}",
            says: [
                """
                4:28: static_resources.clusters[0].outlier_detection.consecutive_5xx: is 0, \
                which is never counted to, so nothing follows from it: give at least 1; to \
                detect without consequence set what enforces it to 0
                """
            ]
        ),
        BadCluster(
            "a count below zero",
            "outlier_detection: {consecutive_5xx: -1}",
            says: [
                """
                4:45: static_resources.clusters[0].outlier_detection.consecutive_5xx: refused, \
                -1 is out of range: from 0 to 4294967295
                """
            ]
        ),
        BadCluster(
            "a split without effect",
            "outlier_detection: {consecutive_local_origin_failure: 3}",
            says: [
                """
                4:28: static_resources.clusters[0].outlier_detection.\
                consecutive_local_origin_failure: has no effect: failures to connect are \
                counted with the answers: write split_external_local_origin_errors: true
                """
            ]
        ),
        BadCluster(
            "a jitter below zero",
            "outlier_detection: {max_ejection_time_jitter: -1s}",
            says: [
                """
                4:28: static_resources.clusters[0].outlier_detection.max_ejection_time_jitter: \
                refused, is negative: a duration is at least 0s
                """
            ]
        ),
        BadCluster(
            "a monitor",
            "outlier_detection: {monitors: []}",
            says: [
                """
                4:28: static_resources.clusters[0].outlier_detection.monitors: refused, it is \
                not supported yet
                """
            ]
        ),
        BadCluster(
            "a slip in a name",
            "outlier_detection: {consecutive_5x: 3}",
            says: [
                """
                4:28: static_resources.clusters[0].outlier_detection.consecutive_5x: refused, \
                the field is not known: did you mean "consecutive_5xx"?
                """
            ]
        ),
        BadCluster(
            "an empty event log",
            bootstrap: """
                cluster_manager: {outlier_detection: {event_log_path: "a\\0b"}}

                """,
            says: [
                """
                1:39: cluster_manager.outlier_detection.event_log_path: refused, contains a NUL \
                byte: give the path of a file
                """
            ]
        ),
    ]
}
