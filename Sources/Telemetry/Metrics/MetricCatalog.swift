/// Every metric the product exposes. `docs/reference/metrics.md`, alerts, runbooks and dashboards may name these and no
/// others; a test holds them equal.
package enum MetricCatalog {
  /// OpenTelemetry's HTTP buckets, with finer steps below 5 ms for what the gateway itself adds.
  static let latencyBounds = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]
  /// Control effects: the targets are 5 ms and 50 ms.
  static let effectBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

  private static let routes = 100
  private static let tenants = 500
  private static let codes = 20

  // MARK: Gateway
  package static let httpRequests = MetricDefinition(
    "breakwater_http_requests_total", .counter, "Requests answered, by who produced the answer.",
    labels: ["origin": 2, "route": routes, "method": 8, "code": codes])
  package static let httpRequestDuration = MetricDefinition(
    "breakwater_http_request_duration_seconds", .histogram(bounds: latencyBounds),
    "Time from the last byte of the head to the last byte of the answer.",
    labels: ["route": routes, "method": 8, "code_class": 6])
  package static let gatewayOverhead = MetricDefinition(
    "breakwater_gateway_overhead_seconds", .histogram(bounds: latencyBounds),
    "Time a forwarded request spent in Breakwater before it was sent upstream.")
  package static let httpRequestsInFlight = MetricDefinition(
    "breakwater_http_requests_in_flight", .gauge, "Requests being answered now.")
  package static let httpRequestBytes = MetricDefinition(
    "breakwater_http_request_bytes_total", .counter, "Body bytes received from clients.", labels: ["route": routes])
  package static let httpResponseBytes = MetricDefinition(
    "breakwater_http_response_bytes_total", .counter, "Body bytes sent to clients.", labels: ["route": routes])
  package static let httpParseErrors = MetricDefinition(
    "breakwater_http_parse_errors_total", .counter, "Requests refused before routing, by what was wrong.",
    labels: ["reason": 40])
  package static let headersDropped = MetricDefinition(
    "breakwater_http_headers_dropped_total", .counter, "Client headers removed before forwarding.",
    labels: ["reason": 4])
  package static let connections = MetricDefinition(
    "breakwater_connections", .gauge, "Open connections.", labels: ["listener": 2])
  package static let connectionsMax = MetricDefinition(
    "breakwater_connections_max", .gauge, "Most connections accepted.", labels: ["listener": 2])
  package static let connectionsRefused = MetricDefinition(
    "breakwater_connections_refused_total", .counter, "Connections closed on accept.", labels: ["reason": 4])
  package static let tlsHandshakes = MetricDefinition(
    "breakwater_tls_handshakes_total", .counter, "Connections to a listener with TLS, by how the handshake ended.",
    labels: ["result": 8])
  package static let http2Errors = MetricDefinition(
    "breakwater_http2_errors_total", .counter, "HTTP/2 connections and streams ended for what the client did.",
    labels: ["reason": 6])
  package static let tlsCertificateExpiry = MetricDefinition(
    "breakwater_tls_cert_not_after_timestamp_seconds", .gauge, "When the first certificate of the chain expires.",
    labels: ["name": 4])
  package static let tunnels = MetricDefinition(
    "breakwater_tunnels", .gauge, "WebSocket connections through the gateway to upstreams.")
  package static let tunnelBytes = MetricDefinition(
    "breakwater_tunnel_bytes_total", .counter, "Bytes through WebSocket connections, from clients (in) and to them.",
    labels: ["direction": 2])
  package static let tunnelsClosed = MetricDefinition(
    "breakwater_tunnels_closed_total", .counter, "WebSocket connections that ended, by why.", labels: ["reason": 6])
  package static let healthStatus = MetricDefinition(
    "breakwater_health_status", .gauge, "1 when the component works.", labels: ["component": 20])
  package static let eventLoopLag = MetricDefinition(
    "breakwater_eventloop_lag_seconds", .gauge, "How late the loop's last timer ran.", labels: ["loop": 32])

  // MARK: Auth
  package static let authDecisions = MetricDefinition(
    "breakwater_auth_decisions_total", .counter, "Token decisions.", labels: ["result": 2, "reason": 20])
  package static let authVerifyDuration = MetricDefinition(
    "breakwater_auth_verify_duration_seconds", .histogram(bounds: latencyBounds),
    "Time to verify a token that was not in the verified-token cache.")
  package static let authDevelopmentKeys = MetricDefinition(
    "breakwater_auth_development_keys", .gauge, "1 while tokens are verified with JWT_SECRET, for development only.")
  package static let jwksLastSuccess = MetricDefinition(
    "breakwater_jwks_last_success_timestamp_seconds", .gauge, "When the signing keys were last fetched.")
  package static let jwksKeys = MetricDefinition("breakwater_jwks_keys", .gauge, "Usable signing keys.")
  package static let jwksFetches = MetricDefinition(
    "breakwater_jwks_fetches_total", .counter, "Fetches of the key set.", labels: ["result": 3])

  // MARK: Limits
  package static let rateLimitDecisions = MetricDefinition(
    "breakwater_ratelimit_decisions_total", .counter, "Rate-limit decisions.", labels: ["policy": 30, "result": 3])
  package static let rateLimitKeys = MetricDefinition(
    "breakwater_ratelimit_keys", .gauge, "Buckets held.", labels: ["policy": 30])
  package static let requestsShed = MetricDefinition(
    "breakwater_requests_shed_total", .counter,
    "Requests refused because not all could be served, by class and reason.",
    labels: ["class": 8, "reason": 6])

  // MARK: Tenants
  package static let tenantRequests = MetricDefinition(
    "breakwater_tenant_requests_total", .counter, "Requests by tenant.", labels: ["tenant": tenants, "code_class": 6])
  package static let tenantState = MetricDefinition(
    "breakwater_tenant_state", .gauge, "1 for the state of each tenant that is not active.",
    labels: ["tenant": tenants, "state": 3])
  package static let isolationViolations = MetricDefinition(
    "breakwater_tenant_isolation_violations_total", .counter,
    "Other tenants' data in answers, and requests that named another tenant.", labels: ["kind": 8])
  package static let guardedAnswers = MetricDefinition(
    "breakwater_guarded_answers_total", .counter, "Upstream answers looked at for other tenants' data.",
    labels: ["mode": 2])

  // MARK: Upstreams
  package static let upstreamUp = MetricDefinition(
    "breakwater_upstream_up", .gauge, "1 when the last attempt to reach the upstream worked.", labels: ["upstream": 32])
  package static let upstreamRequests = MetricDefinition(
    "breakwater_upstream_requests_total", .counter, "Requests sent upstream, by outcome.",
    labels: ["upstream": 32, "result": 8])
  package static let upstreamRequestDuration = MetricDefinition(
    "breakwater_upstream_request_duration_seconds", .histogram(bounds: latencyBounds),
    "Time from sending a request upstream to the end of its answer.", labels: ["upstream": 32, "code_class": 6])
  package static let upstreamRetries = MetricDefinition(
    "breakwater_upstream_retries_total", .counter, "Requests sent a second time on a fresh connection.",
    labels: ["upstream": 32])
  package static let upstreamCircuitState = MetricDefinition(
    "breakwater_upstream_circuit_state", .gauge, "1 for the state the upstream's circuit is in.",
    labels: ["upstream": 32, "state": 3])
  package static let upstreamHosts = MetricDefinition(
    "breakwater_upstream_hosts", .gauge, "Hosts of the upstream, by whether they are used or passed over.",
    labels: ["upstream": 32, "state": 2])
  package static let upstreamEjections = MetricDefinition(
    "breakwater_upstream_ejections_total", .counter, "Times a host was passed over after failures in a row.",
    labels: ["upstream": 32])
  package static let upstreamConcurrencyLimit = MetricDefinition(
    "breakwater_upstream_concurrency_limit", .gauge, "Requests the upstream may have in flight now.",
    labels: ["upstream": 32])
  package static let upstreamInFlight = MetricDefinition(
    "breakwater_upstream_in_flight", .gauge,
    "Requests the upstream has in flight, those without all of their body not counted.",
    labels: ["upstream": 32])
  package static let upstreamUploads = MetricDefinition(
    "breakwater_upstream_uploads", .gauge, "Requests on their way to the upstream without all of their body.",
    labels: ["upstream": 32])
  package static let upstreamConnections = MetricDefinition(
    "breakwater_upstream_connections", .gauge, "Open upstream connections.", labels: ["upstream": 32, "state": 2])

  // MARK: Control plane
  package static let controlHaltActive = MetricDefinition(
    "breakwater_control_halt_active", .gauge, "1 while trading is halted globally.")
  package static let controlDisabled = MetricDefinition(
    "breakwater_control_disabled", .gauge, "Disables in force.", labels: ["scope": 2])
  package static let controlsActive = MetricDefinition("breakwater_controls_active", .gauge, "Controls in force.")
  package static let controlReviewOverdue = MetricDefinition(
    "breakwater_control_review_overdue", .gauge, "Controls in force past their review time.")
  package static let controlEpoch = MetricDefinition(
    "breakwater_control_epoch", .gauge, "Epoch of the committed control state.")
  package static let controlAckEpoch = MetricDefinition(
    "breakwater_control_ack_epoch", .gauge, "Epoch each replica's gate has acknowledged.", labels: ["replica": 64])
  package static let controlPropagation = MetricDefinition(
    "breakwater_control_propagation_seconds", .histogram(bounds: effectBounds),
    "Time from accepting a control command to each phase of its effect.", labels: ["phase": 4])
  package static let controlActions = MetricDefinition(
    "breakwater_control_actions_total", .counter, "Control commands, by outcome.",
    labels: ["action": 8, "actor_kind": 5, "result": 8])
  package static let automaticControls = MetricDefinition(
    "breakwater_automatic_controls_total", .counter, "Alerts that call for a stop, by what came of them.",
    labels: ["outcome": 6])
  package static let drillLastSuccess = MetricDefinition(
    "breakwater_drill_last_success_timestamp_seconds", .gauge, "When a drill of the kind last met all its targets.",
    labels: ["kind": 3])
  package static let controlBreakGlass = MetricDefinition(
    "breakwater_control_break_glass_total", .counter, "Releases by one admin alone, without approval.")
  package static let controlPendingApprovals = MetricDefinition(
    "breakwater_control_pending_approvals", .gauge, "Releases waiting for a second person.")
  package static let controlLeaseUntil = MetricDefinition(
    "breakwater_control_lease_until_seconds", .gauge,
    "When the gate's permission to trade ends, on the machine's monotonic clock.", labels: ["replica": 64])
  package static let controlLeaseRenewals = MetricDefinition(
    "breakwater_control_lease_renewals_total", .counter, "Renewals of the gate's lease, by outcome.",
    labels: ["result": 2])
  package static let controlUnrecorded = MetricDefinition(
    "breakwater_control_unrecorded", .gauge, "Stops in effect whose commit to the store is still being retried.")

  // MARK: Runtime
  package static let runtimeUp = MetricDefinition("breakwater_runtime_up", .gauge, "1 while the trading loop runs.")
  package static let loopInterval = MetricDefinition(
    "breakwater_runtime_loop_interval_seconds", .gauge, "Time between passes of the trading loop.")
  package static let loopLastCompleted = MetricDefinition(
    "breakwater_runtime_loop_last_completed_timestamp_seconds", .gauge, "When the trading loop last completed a pass.")
  package static let loopDuration = MetricDefinition(
    "breakwater_runtime_loop_duration_seconds", .histogram(bounds: latencyBounds), "Time of one pass.")
  package static let loopIterations = MetricDefinition(
    "breakwater_runtime_loop_iterations_total", .counter, "Passes of the trading loop.", labels: ["result": 2])
  package static let signals = MetricDefinition(
    "breakwater_signals_total", .counter, "Decisions of the strategy pipeline.", labels: ["result": 4])
  package static let orders = MetricDefinition(
    "breakwater_orders_total", .counter, "Order state changes.", labels: ["venue": 20, "state": 16])
  package static let orderRejects = MetricDefinition(
    "breakwater_order_rejects_total", .counter, "Orders a venue rejected.", labels: ["venue": 20, "reason": 20])
  package static let orderAck = MetricDefinition(
    "breakwater_order_ack_seconds", .histogram(bounds: latencyBounds), "Time from sending an order to its answer.",
    labels: ["venue": 20])
  package static let ordersOpen = MetricDefinition("breakwater_orders_open", .gauge, "Orders not in a final state.")
  package static let ordersInDoubt = MetricDefinition(
    "breakwater_orders_in_doubt", .gauge, "Orders handed to a venue whose outcome is not known.")
  package static let ordersBlocked = MetricDefinition(
    "breakwater_orders_blocked_total", .counter, "Orders that did not leave, by what stopped them.", labels: ["by": 6])
  package static let ordersWhileHalted = MetricDefinition(
    "breakwater_orders_submitted_while_halted_total", .counter, "Orders that left although their scope was sealed.")
  package static let reconciliationMismatches = MetricDefinition(
    "breakwater_reconciliation_mismatches", .gauge, "Differences between our book and the venue.", labels: ["kind": 20])
  package static let reconciliationLastSuccess = MetricDefinition(
    "breakwater_reconciliation_last_success_timestamp_seconds", .gauge, "When book and venue were last compared.")
  package static let marketDataAge = MetricDefinition(
    "breakwater_market_data_age_seconds", .gauge, "Age of the newest bar.", labels: ["venue": 20])
  package static let exposureNotional = MetricDefinition(
    "breakwater_exposure_notional", .gauge, "Market value of open positions, US dollars.")

  // MARK: Alerting and metric store
  package static let tsdbSeries = MetricDefinition("breakwater_tsdb_series", .gauge, "Series in memory.")
  package static let tsdbSeriesLimit = MetricDefinition("breakwater_tsdb_series_limit", .gauge, "Most series kept.")
  package static let tsdbSamples = MetricDefinition(
    "breakwater_tsdb_samples_appended_total", .counter, "Samples stored.")
  package static let tsdbRejected = MetricDefinition(
    "breakwater_tsdb_samples_rejected_total", .counter, "Samples not stored.", labels: ["reason": 12])
  package static let tsdbExemplars = MetricDefinition(
    "breakwater_tsdb_exemplars_total", .counter, "Exemplars stored.")
  package static let tsdbBlocks = MetricDefinition("breakwater_tsdb_blocks", .gauge, "Blocks on disk.")
  package static let tsdbBlocksWritten = MetricDefinition(
    "breakwater_tsdb_blocks_written_total", .counter, "Blocks written: cut from memory, or merged.",
    labels: ["kind": 2])
  package static let tsdbBlockFailures = MetricDefinition(
    "breakwater_tsdb_block_failures_total", .counter, "Blocks that could not be written or read.")
  package static let tsdbJournalFailures = MetricDefinition(
    "breakwater_tsdb_journal_failures_total", .counter,
    "Writes of the metric journal that failed; the samples are in memory only.")
  package static let tsdbJournalDamage = MetricDefinition(
    "breakwater_tsdb_journal_damage_total", .counter,
    "Journal segments that ended in a torn or damaged record at start.")
  package static let tsdbWALFsync = MetricDefinition(
    "breakwater_tsdb_wal_fsync_seconds", .histogram(bounds: latencyBounds), "Time to sync the metric journal.")
  package static let remoteWriteSamples = MetricDefinition(
    "breakwater_remote_write_samples_total", .counter, "Samples for remote_write receivers, by what became of them.",
    labels: ["receiver": 20, "result": 3])
  package static let remoteWriteRequests = MetricDefinition(
    "breakwater_remote_write_requests_total", .counter, "Attempts to send samples.",
    labels: ["receiver": 20, "result": 3])
  package static let remoteWritePending = MetricDefinition(
    "breakwater_remote_write_pending_samples", .gauge, "Samples waiting to be sent.", labels: ["receiver": 20])
  package static let telemetryReceived = MetricDefinition(
    "breakwater_telemetry_received_total", .counter, "Metric samples received.", labels: ["format": 3])
  package static let telemetryRejected = MetricDefinition(
    "breakwater_telemetry_rejected_total", .counter, "Metric requests and points received and not taken.",
    labels: ["format": 3, "reason": 12])
  package static let telemetryFolded = MetricDefinition(
    "breakwater_telemetry_folded_total", .counter,
    "Metric samples received for series that found no room and added up in _other.",
    labels: ["format": 3, "reason": 1])
  package static let ruleEvaluationDuration = MetricDefinition(
    "breakwater_rule_evaluation_duration_seconds", .histogram(bounds: latencyBounds), "Time to evaluate a rule group.",
    labels: ["group": 50])
  package static let ruleEvaluationFailures = MetricDefinition(
    "breakwater_rule_evaluation_failures_total", .counter, "Rules whose expression failed.", labels: ["group": 50])
  package static let ruleGroupMissed = MetricDefinition(
    "breakwater_rule_group_iterations_missed_total", .counter, "Evaluations skipped because the last one still ran.",
    labels: ["group": 50])
  package static let alerts = MetricDefinition(
    "breakwater_alerts", .gauge, "Alerts by severity and state.", labels: ["severity": 5, "state": 3])
  package static let notifications = MetricDefinition(
    "breakwater_notifications_total", .counter,
    "Attempts to notify that were taken (ok) or failed, and notifications dropped.",
    labels: ["receiver": 21, "result": 3])
  package static let notificationsWaiting = MetricDefinition(
    "breakwater_notifications_waiting", .gauge, "Notifications queued or on their way.", labels: ["receiver": 21])
  package static let notificationsUnwritten = MetricDefinition(
    "breakwater_notifications_unwritten_total", .counter,
    "Notifications sent before they were durable, because the disk was slow or refused.")
  package static let alertWriteFailures = MetricDefinition(
    "breakwater_alert_write_failures_total", .counter, "Writes of alert state, history or ledger that failed.")
  package static let silences = MetricDefinition(
    "breakwater_silences", .gauge, "Silences by state.", labels: ["state": 3])
  package static let rulesReloadSuccessful = MetricDefinition(
    "breakwater_rules_last_reload_successful", .gauge, "1 while the rule files read last are in force.")

  // MARK: Audit, logs, storage
  package static let auditRecords = MetricDefinition(
    "breakwater_audit_records_total", .counter, "Audit rows written.", labels: ["kind": 40])
  package static let auditWriteFailures = MetricDefinition(
    "breakwater_audit_write_failures_total", .counter, "Audit rows that could not be written.")
  package static let auditChainErrors = MetricDefinition(
    "breakwater_audit_chain_errors", .gauge, "Broken links found by the last verification.")
  package static let auditCheckpointSize = MetricDefinition(
    "breakwater_audit_checkpoint_size", .gauge, "Audit entries the newest signed checkpoint covers.")
  package static let logRecords = MetricDefinition(
    "breakwater_log_records_total", .counter, "Log records written.", labels: ["severity": 4])
  package static let logDropped = MetricDefinition(
    "breakwater_log_dropped_total", .counter, "Log records not kept.", labels: ["sink": 3, "reason": 4])
  package static let storageBytes = MetricDefinition(
    "breakwater_storage_bytes", .gauge, "Bytes used on disk.", labels: ["store": 8])
  package static let storageFree = MetricDefinition(
    "breakwater_storage_free_bytes", .gauge, "Bytes free on the data volume.", labels: ["store": 8])
  package static let storageSize = MetricDefinition(
    "breakwater_storage_size_bytes", .gauge, "Size of the data volume.", labels: ["store": 8])
  package static let storageCommit = MetricDefinition(
    "breakwater_storage_commit_seconds", .histogram(bounds: latencyBounds), "Time of one durable commit.",
    labels: ["store": 8])
  package static let labelOverflow = MetricDefinition(
    "breakwater_label_overflow_total", .counter, "Label values folded into _other.",
    labels: ["metric": 200, "label": 20])
  package static let streamSubscribers = MetricDefinition(
    "breakwater_stream_subscribers", .gauge, "Open event streams.", labels: ["namespace": 3])
  package static let streamDropped = MetricDefinition(
    "breakwater_stream_dropped_events_total", .counter, "Events a slow subscriber missed.", labels: ["reason": 3])
  package static let invariantViolations = MetricDefinition(
    "breakwater_invariant_violations_total", .counter, "Conditions that cannot happen, survived by refusing.",
    labels: ["site": 40])
  package static let configReloadSuccessful = MetricDefinition(
    "breakwater_config_last_reload_successful", .gauge, "1 while the configuration read last is in force.")
  package static let configReloadSuccess = MetricDefinition(
    "breakwater_config_last_reload_success_timestamp_seconds", .gauge, "When a configuration was last applied.")
  package static let buildInfo = MetricDefinition(
    "breakwater_build_info", .gauge, "1, labelled with the version.", labels: ["version": 2, "swift": 2])
  package static let processStart = MetricDefinition(
    "process_start_time_seconds", .gauge, "When the process started.")
  package static let processResidentMemory = MetricDefinition(
    "process_resident_memory_bytes", .gauge, "Resident memory.")
  package static let processCPU = MetricDefinition("process_cpu_seconds_total", .counter, "CPU time used.")
  package static let processOpenFDs = MetricDefinition("process_open_fds", .gauge, "Open file descriptors.")

  package static let all: [MetricDefinition] = [
    httpRequests, httpRequestDuration, gatewayOverhead, httpRequestsInFlight, httpRequestBytes, httpResponseBytes,
    httpParseErrors, headersDropped, connections, connectionsMax, connectionsRefused, tlsHandshakes,
    http2Errors, tlsCertificateExpiry, tunnels, tunnelBytes, tunnelsClosed, healthStatus, eventLoopLag,
    authDecisions, authVerifyDuration, jwksLastSuccess, jwksKeys, jwksFetches, rateLimitDecisions, rateLimitKeys,
    requestsShed,
    tenantRequests, tenantState, isolationViolations, guardedAnswers, upstreamUp, upstreamRequests,
    upstreamRequestDuration, authDevelopmentKeys,
    upstreamRetries, upstreamCircuitState, upstreamHosts, upstreamEjections, upstreamConcurrencyLimit,
    upstreamInFlight, upstreamUploads, upstreamConnections,
    controlHaltActive, controlDisabled, controlsActive, controlReviewOverdue,
    controlEpoch, controlAckEpoch, controlPropagation, controlActions, controlBreakGlass, automaticControls,
    drillLastSuccess, controlPendingApprovals, controlUnrecorded,
    controlLeaseUntil, controlLeaseRenewals,
    runtimeUp, loopInterval, loopLastCompleted, loopDuration, loopIterations, signals, orders, orderRejects, orderAck,
    ordersOpen, ordersInDoubt, ordersBlocked, ordersWhileHalted, reconciliationMismatches, reconciliationLastSuccess,
    marketDataAge, exposureNotional, tsdbSeries, tsdbSeriesLimit, tsdbSamples, tsdbRejected, tsdbExemplars,
    tsdbBlocks, tsdbBlocksWritten, tsdbBlockFailures, tsdbJournalFailures, tsdbJournalDamage, tsdbWALFsync,
    remoteWriteSamples, remoteWriteRequests, remoteWritePending, telemetryReceived, telemetryRejected, telemetryFolded,
    ruleEvaluationDuration,
    ruleEvaluationFailures, ruleGroupMissed, alerts, notifications, notificationsWaiting, notificationsUnwritten,
    alertWriteFailures, silences, rulesReloadSuccessful, auditRecords, auditWriteFailures, auditChainErrors,
    auditCheckpointSize,
    logRecords, logDropped, storageBytes, storageFree, storageSize, storageCommit, labelOverflow, streamSubscribers,
    streamDropped, invariantViolations, configReloadSuccessful, configReloadSuccess, buildInfo, processStart,
    processResidentMemory, processCPU, processOpenFDs,
  ]
}
