package import Alerting
package import ControlModel
package import ControlPlane
package import Identity
package import MetricStore
package import Realtime
package import RequestLog
package import Store
package import Telemetry
package import TradingRuntime

/// What the endpoints work with. Built once by the root.
package struct AdminContext: Sendable {
  package let clocks: Clocks
  package let ids: IDSource
  package let processor: CommandProcessor
  package let controlStore: SQLiteControlStore
  package let auditKeeper: AuditKeeper
  /// Everyone who may have signed this log's checkpoints.
  package let auditKeys: [AuditVerifierKey]
  package let keeper: ReplicaKeeper
  package let history: HistoryRecorder
  /// Where `history` writes.
  package let historyFolder: String
  package let runtime: TradingRuntime
  package let log: LogWriter
  package let registry: MetricRegistry
  package let metricStore: MetricStore
  /// Where samples that others send come in.
  package let metricIntake: MetricIntake
  package let desk: AlertDesk
  package let pulse: AlertPulse
  package let alertRoom: AlertRoom
  package let backtests: BacktestDesk
  package let runbooks: RunbookLibrary
  package let acknowledgements: AlertAcknowledgements
  package let bus: EventBus
  package let sessions: ConsoleSessions
  package let idempotency: IdempotencyDesk
  package let revocations: RevocationDesk
  package let actAs: ActAsDesk
  package let streams = OpenStreams()
  package let keys: @Sendable () -> KeyRefreshStatus
  package let configuration: any ConfigurationKeeper
  package let about: About
  /// How a release opens when its request does not say; nil at once.
  package let releaseStages: ReleaseStages?
  package let automatic: AutomaticControls
  package let windows: PlannedStops
  package let drills: Drills
  package let planeMemory: PlaneMemory
  /// Waits, or returns early when cancelled.
  package let sleep: @Sendable (Duration) async -> Void

  /// Which installation this is.
  package struct About: Sendable {
    package let environment: String
    package let replica: ReplicaID
    package let version: String
    package let startedAt: WallTime

    package init(environment: String, replica: ReplicaID, version: String, startedAt: WallTime) {
      self.environment = environment
      self.replica = replica
      self.version = version
      self.startedAt = startedAt
    }
  }

  package init(
    clocks: Clocks, ids: IDSource, processor: CommandProcessor, controlStore: SQLiteControlStore,
    auditKeeper: AuditKeeper, auditKeys: [AuditVerifierKey], keeper: ReplicaKeeper, history: HistoryRecorder,
    historyFolder: String, runtime: TradingRuntime,
    log: LogWriter, registry: MetricRegistry, metricStore: MetricStore, desk: AlertDesk, pulse: AlertPulse,
    alertRoom: AlertRoom, backtests: BacktestDesk, runbooks: RunbookLibrary,
    acknowledgements: AlertAcknowledgements, bus: EventBus, sessions: ConsoleSessions, idempotency: IdempotencyDesk,
    revocations: RevocationDesk, actAs: ActAsDesk, keys: @escaping @Sendable () -> KeyRefreshStatus,
    configuration: any ConfigurationKeeper, about: About, releaseStages: ReleaseStages? = nil,
    automatic: AutomaticControls, windows: PlannedStops, drills: Drills, planeMemory: PlaneMemory,
    sleep: @escaping @Sendable (Duration) async -> Void
  ) {
    self.clocks = clocks
    self.ids = ids
    self.processor = processor
    self.controlStore = controlStore
    self.auditKeeper = auditKeeper
    self.auditKeys = auditKeys
    self.keeper = keeper
    self.history = history
    self.historyFolder = historyFolder
    self.runtime = runtime
    self.log = log
    self.registry = registry
    self.metricStore = metricStore
    metricIntake = MetricIntake(metricStore, metrics: registry, now: clocks.wall, moved: pulse.moved)
    self.desk = desk
    self.pulse = pulse
    self.alertRoom = alertRoom
    self.backtests = backtests
    self.runbooks = runbooks
    self.acknowledgements = acknowledgements
    self.bus = bus
    self.sessions = sessions
    self.idempotency = idempotency
    self.revocations = revocations
    self.actAs = actAs
    self.keys = keys
    self.configuration = configuration
    self.about = about
    self.releaseStages = releaseStages
    self.automatic = automatic
    self.windows = windows
    self.drills = drills
    self.planeMemory = planeMemory
    self.sleep = sleep
  }
}
