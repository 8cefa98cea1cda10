// swift-tools-version: 6.2
import PackageDescription

/// Every target of Breakwater, one row each, top to bottom: a row may import the rows it names and nothing else.
/// `ArchitectureTests` reads this table and fails on an arrow that points up or is missing.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .treatAllWarnings(as: .error),
]

/// Relocations in a few pages and no symbols that nobody looks up: less of the file in memory; see
/// docs/decisions/0005-release-build.md.
let releaseLinking: [LinkerSetting] = [
  .unsafeFlags(
    ["-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs", "-Xlinker", "--no-export-dynamic"],
    .when(platforms: [.linux], configuration: .release))
]

extension Target.Dependency {
  static let nioCore = product(name: "NIOCore", package: "swift-nio")
  static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
  static let httpClient = product(name: "AsyncHTTPClient", package: "async-http-client")
  static let crypto = product(name: "Crypto", package: "swift-crypto")
  static let cryptoExtras = product(name: "CryptoExtras", package: "swift-crypto")
  static let grdb = product(name: "GRDB", package: "GRDB.swift")
  static let yams = product(name: "Yams", package: "Yams")
  static let arguments = product(name: "ArgumentParser", package: "swift-argument-parser")
  static let logging = product(name: "Logging", package: "swift-log")
  static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
  static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
  static let nioTLS = product(name: "NIOTLS", package: "swift-nio")
  static let nioHTTP2 = product(name: "NIOHTTP2", package: "swift-nio-http2")
  static let nioHPACK = product(name: "NIOHPACK", package: "swift-nio-http2")
  static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
}

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

let package = Package(
  name: "breakwater",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "breakwater", targets: ["Command"]),
    .executable(name: "breakwater-fuzz", targets: ["Fuzz"]),
    .executable(name: "breakwater-gate-load", targets: ["GateLoad"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .executableTarget(
      name: "Command",
      dependencies: [
        "Breakwater", "AdminAPI", "Alerting", "PromQL", "DataPlane", "Identity", "Wire", "ControlModel", "Store",
        "Telemetry", .arguments, .httpClient, .nioCore, .yams,
      ],
      swiftSettings: settings, linkerSettings: releaseLinking),
    .executableTarget(
      name: "Fuzz", dependencies: ["DataPlane", "PromQL", "Identity", "Telemetry"], swiftSettings: settings),
    .executableTarget(name: "GateLoad", dependencies: ["TradingRuntime", "ControlModel"], swiftSettings: settings),
    library(
      "Breakwater",
      [
        "AdminAPI", "ControlPlane", "Alerting", "RequestLog", "Realtime", "DataPlane", "MetricStore", "PromQL",
        "TradingRuntime", "Venues", "Strategy", "Identity", "Store", "Telemetry", "Wire", "ControlModel", "Threads",
        "CAssets",
        .httpClient, .lifecycle, .logging, .nioCore, .nioPosix, .nioSSL, .nioHTTP1, .yams, .grdb,
      ]),
    library(
      "AdminAPI",
      [
        "ControlPlane", "Alerting", "RequestLog", "Realtime", "DataPlane", "MetricStore", "PromQL", "TradingRuntime",
        "Venues", "Strategy", "Identity", "Store", "Telemetry", "Wire", "ControlModel", "Threads", .nioCore,
        .grdb,
      ]),
    library("ControlPlane", ["TradingRuntime", "Identity", "Store", "Telemetry", "ControlModel"]),
    library("Alerting", ["MetricStore", "PromQL", "Telemetry", "ControlModel", "Threads", .crypto, .yams]),
    library("RequestLog", ["Telemetry", "ControlModel", "Threads"]),
    library("Realtime", ["Telemetry", "ControlModel", .nioCore]),
    library(
      "DataPlane",
      [
        "Identity", "Telemetry", "ControlModel", .nioCore, .nioPosix, .nioSSL, .nioTLS, .nioHTTP2, .nioHPACK,
        .crypto,
      ]),
    library("MetricStore", ["PromQL", "Telemetry", "Threads"]),
    library("PromQL", []),
    library("TradingRuntime", ["Venues", "Strategy", "Store", "Telemetry", "ControlModel", .crypto, .grdb]),
    library("Venues", ["Strategy", "ControlModel"]),
    library("Strategy", ["ControlModel"]),
    library("Identity", ["ControlModel", .crypto, .cryptoExtras]),
    library("Store", ["Telemetry", "ControlModel", .crypto, .grdb]),
    library("Telemetry", ["ControlModel", "Threads"]),
    library("Wire", []),
    library("ControlModel", []),
    library("Threads", ["CThreads"]),
    .target(name: "CThreads"),
    .target(name: "CAssets", exclude: ["data"]),

    library(
      "BreakwaterTesting",
      [
        "Breakwater", "ControlPlane", "TradingRuntime", "Venues", "Strategy", "DataPlane", "Identity", "Store",
        "Telemetry", "ControlModel", .nioCore, .nioPosix,
      ]),
    tests("ControlModelTests", ["ControlModel"]),
    tests("ThreadsTests", ["Threads"]),
    tests("TelemetryTests", ["Telemetry", "ControlModel", "BreakwaterTesting"]),
    tests("IdentityTests", ["Identity", "ControlModel"], resources: [.copy("Fixtures")]),
    tests("StrategyTests", ["Strategy", "ControlModel"], resources: [.copy("Fixtures")]),
    tests("PromQLTests", ["PromQL"], resources: [.copy("Fixtures")]),
    tests(
      "StoreTests", ["Store", "Telemetry", "ControlModel", "BreakwaterTesting", .grdb],
      resources: [.copy("Fixtures")]),
    tests(
      "TradingRuntimeTests",
      ["TradingRuntime", "Venues", "Strategy", "Store", "Telemetry", "ControlModel", "BreakwaterTesting"]),
    tests(
      "ControlPlaneTests",
      ["ControlPlane", "TradingRuntime", "Store", "Identity", "Telemetry", "ControlModel", "BreakwaterTesting"]),
    tests("SimulationTests", ["TradingRuntime", "Store", "Telemetry", "ControlModel", "BreakwaterTesting"]),
    tests("MetricStoreTests", ["MetricStore", "PromQL", "Telemetry", "BreakwaterTesting"]),
    tests("AlertingTests", ["Alerting", "MetricStore", "PromQL", "Telemetry", "ControlModel", "BreakwaterTesting"]),
    tests("RequestLogTests", ["RequestLog", "Telemetry", "ControlModel", "BreakwaterTesting"]),
    tests("RealtimeTests", ["Realtime", "Telemetry", "ControlModel", "BreakwaterTesting", .nioCore]),
    tests(
      "DataPlaneTests",
      [
        "DataPlane", "Identity", "Telemetry", "ControlModel", "BreakwaterTesting", .nioCore, .nioPosix, .nioSSL,
        .nioHTTP2, .nioHPACK, .httpClient,
      ],
      resources: [.copy("Fixtures")]),
    tests(
      "BreakwaterTests",
      [
        "Breakwater", "AdminAPI", "Alerting", "MetricStore", "PromQL", "TradingRuntime", "Strategy", "Store",
        "DataPlane", "Identity", "Telemetry", "ControlModel", "BreakwaterTesting", .grdb,
      ]),
    tests(
      "StoryTests",
      [
        "Breakwater", "AdminAPI", "Wire", "ControlPlane", "TradingRuntime", "DataPlane", "Identity", "Store",
        "Telemetry", "ControlModel", "BreakwaterTesting", .grdb, .httpClient, .nioCore, .nioHTTP1,
      ], resources: [.copy("Fixtures")]),
    tests(
      "BinaryTests",
      [
        "Command", "Wire", "Identity", "Telemetry", "ControlModel", "BreakwaterTesting", .httpClient, .nioCore,
        .nioPosix, .nioHTTP1, .crypto,
      ]),
    tests("ArchitectureTests", ["Telemetry", "ControlModel", "AdminAPI", "Breakwater", "Alerting"]),
  ]
)
