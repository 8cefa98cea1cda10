// Made by scripts/embed: the files that travel inside the binary.
#include "assets.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char asset_0[] = {
#embed "../../Sources/CAssets/data/bars/AAPL.csv" suffix(, )
0};
static const unsigned char asset_1[] = {
#embed "../../Sources/CAssets/data/bars/GOOG.csv" suffix(, )
0};
static const unsigned char asset_2[] = {
#embed "../../Sources/CAssets/data/bars/IBM.csv" suffix(, )
0};
static const unsigned char asset_3[] = {
#embed "../../Sources/CAssets/data/bars/MSFT.csv" suffix(, )
0};
static const unsigned char asset_4[] = {
#embed "../../alerts/platform.yml" suffix(, )
0};
static const unsigned char asset_5[] = {
#embed "../../alerts/slo.yml" suffix(, )
0};
static const unsigned char asset_6[] = {
#embed "../../alerts/trading.yml" suffix(, )
0};
static const unsigned char asset_7[] = {
#embed "../../console/ages.js" suffix(, )
0};
static const unsigned char asset_8[] = {
#embed "../../console/alert-facts.js" suffix(, )
0};
static const unsigned char asset_9[] = {
#embed "../../console/alert-history.js" suffix(, )
0};
static const unsigned char asset_10[] = {
#embed "../../console/alert-words.js" suffix(, )
0};
static const unsigned char asset_11[] = {
#embed "../../console/alerts.js" suffix(, )
0};
static const unsigned char asset_12[] = {
#embed "../../console/announce.js" suffix(, )
0};
static const unsigned char asset_13[] = {
#embed "../../console/api.js" suffix(, )
0};
static const unsigned char asset_14[] = {
#embed "../../console/app.css" suffix(, )
0};
static const unsigned char asset_15[] = {
#embed "../../console/app.js" suffix(, )
0};
static const unsigned char asset_16[] = {
#embed "../../console/approve.js" suffix(, )
0};
static const unsigned char asset_17[] = {
#embed "../../console/blast.js" suffix(, )
0};
static const unsigned char asset_18[] = {
#embed "../../console/changes.js" suffix(, )
0};
static const unsigned char asset_19[] = {
#embed "../../console/chart.js" suffix(, )
0};
static const unsigned char asset_20[] = {
#embed "../../console/controls.js" suffix(, )
0};
static const unsigned char asset_21[] = {
#embed "../../console/desk-history.js" suffix(, )
0};
static const unsigned char asset_22[] = {
#embed "../../console/desk-messages.js" suffix(, )
0};
static const unsigned char asset_23[] = {
#embed "../../console/desk-silences.js" suffix(, )
0};
static const unsigned char asset_24[] = {
#embed "../../console/dialog.js" suffix(, )
0};
static const unsigned char asset_25[] = {
#embed "../../console/dom.js" suffix(, )
0};
static const unsigned char asset_26[] = {
#embed "../../console/estate.js" suffix(, )
0};
static const unsigned char asset_27[] = {
#embed "../../console/format.js" suffix(, )
0};
static const unsigned char asset_28[] = {
#embed "../../console/fresh.js" suffix(, )
0};
static const unsigned char asset_29[] = {
#embed "../../console/gauge.js" suffix(, )
0};
static const unsigned char asset_30[] = {
#embed "../../console/halt.js" suffix(, )
0};
static const unsigned char asset_31[] = {
#embed "../../console/headline.js" suffix(, )
0};
static const unsigned char asset_32[] = {
#embed "../../console/icon.svg" suffix(, )
0};
static const unsigned char asset_33[] = {
#embed "../../console/index.html" suffix(, )
0};
static const unsigned char asset_34[] = {
#embed "../../console/jump.js" suffix(, )
0};
static const unsigned char asset_35[] = {
#embed "../../console/keys.js" suffix(, )
0};
static const unsigned char asset_36[] = {
#embed "../../console/manifest.webmanifest" suffix(, )
0};
static const unsigned char asset_37[] = {
#embed "../../console/markdown-inline.js" suffix(, )
0};
static const unsigned char asset_38[] = {
#embed "../../console/markdown.js" suffix(, )
0};
static const unsigned char asset_39[] = {
#embed "../../console/panels.css" suffix(, )
0};
static const unsigned char asset_40[] = {
#embed "../../console/plot.js" suffix(, )
0};
static const unsigned char asset_41[] = {
#embed "../../console/preconditions.js" suffix(, )
0};
static const unsigned char asset_42[] = {
#embed "../../console/profiles.js" suffix(, )
0};
static const unsigned char asset_43[] = {
#embed "../../console/promql.js" suffix(, )
0};
static const unsigned char asset_44[] = {
#embed "../../console/proof.js" suffix(, )
0};
static const unsigned char asset_45[] = {
#embed "../../console/proposals.js" suffix(, )
0};
static const unsigned char asset_46[] = {
#embed "../../console/reason.js" suffix(, )
0};
static const unsigned char asset_47[] = {
#embed "../../console/release.js" suffix(, )
0};
static const unsigned char asset_48[] = {
#embed "../../console/requests.js" suffix(, )
0};
static const unsigned char asset_49[] = {
#embed "../../console/route.js" suffix(, )
0};
static const unsigned char asset_50[] = {
#embed "../../console/scale.js" suffix(, )
0};
static const unsigned char asset_51[] = {
#embed "../../console/scope.js" suffix(, )
0};
static const unsigned char asset_52[] = {
#embed "../../console/session.js" suffix(, )
0};
static const unsigned char asset_53[] = {
#embed "../../console/settings.js" suffix(, )
0};
static const unsigned char asset_54[] = {
#embed "../../console/signal-card.js" suffix(, )
0};
static const unsigned char asset_55[] = {
#embed "../../console/signal-charts.js" suffix(, )
0};
static const unsigned char asset_56[] = {
#embed "../../console/signals.js" suffix(, )
0};
static const unsigned char asset_57[] = {
#embed "../../console/silence-conditions.js" suffix(, )
0};
static const unsigned char asset_58[] = {
#embed "../../console/silence-preview.js" suffix(, )
0};
static const unsigned char asset_59[] = {
#embed "../../console/silence.js" suffix(, )
0};
static const unsigned char asset_60[] = {
#embed "../../console/stops.js" suffix(, )
0};
static const unsigned char asset_61[] = {
#embed "../../console/store.js" suffix(, )
0};
static const unsigned char asset_62[] = {
#embed "../../console/stream.js" suffix(, )
0};
static const unsigned char asset_63[] = {
#embed "../../console/theme.js" suffix(, )
0};
static const unsigned char asset_64[] = {
#embed "../../console/tokens.css" suffix(, )
0};
static const unsigned char asset_65[] = {
#embed "../../console/view-alert.js" suffix(, )
0};
static const unsigned char asset_66[] = {
#embed "../../console/view-desk.js" suffix(, )
0};
static const unsigned char asset_67[] = {
#embed "../../console/view-request.js" suffix(, )
0};
static const unsigned char asset_68[] = {
#embed "../../console/view-tenant.js" suffix(, )
0};
static const unsigned char asset_69[] = {
#embed "../../runbooks/AlertRecordsFailing.md" suffix(, )
0};
static const unsigned char asset_70[] = {
#embed "../../runbooks/AuditChainBroken.md" suffix(, )
0};
static const unsigned char asset_71[] = {
#embed "../../runbooks/AuditWriteFailing.md" suffix(, )
0};
static const unsigned char asset_72[] = {
#embed "../../runbooks/AutomaticControlActed.md" suffix(, )
0};
static const unsigned char asset_73[] = {
#embed "../../runbooks/BackendDown.md" suffix(, )
0};
static const unsigned char asset_74[] = {
#embed "../../runbooks/BreakGlassUsed.md" suffix(, )
0};
static const unsigned char asset_75[] = {
#embed "../../runbooks/CertificateExpiresSoon.md" suffix(, )
0};
static const unsigned char asset_76[] = {
#embed "../../runbooks/ConfigReloadFailed.md" suffix(, )
0};
static const unsigned char asset_77[] = {
#embed "../../runbooks/ConnectionsNearLimit.md" suffix(, )
0};
static const unsigned char asset_78[] = {
#embed "../../runbooks/ControlLeaseFailing.md" suffix(, )
0};
static const unsigned char asset_79[] = {
#embed "../../runbooks/ControlProposed.md" suffix(, )
0};
static const unsigned char asset_80[] = {
#embed "../../runbooks/ControlReviewOverdue.md" suffix(, )
0};
static const unsigned char asset_81[] = {
#embed "../../runbooks/DiskAlmostFull.md" suffix(, )
0};
static const unsigned char asset_82[] = {
#embed "../../runbooks/DiskWillFill.md" suffix(, )
0};
static const unsigned char asset_83[] = {
#embed "../../runbooks/ErrorsLogged.md" suffix(, )
0};
static const unsigned char asset_84[] = {
#embed "../../runbooks/EventLoopLag.md" suffix(, )
0};
static const unsigned char asset_85[] = {
#embed "../../runbooks/GatewayErrorBudgetBurnFast.md" suffix(, )
0};
static const unsigned char asset_86[] = {
#embed "../../runbooks/GatewayErrorBudgetBurnSlow.md" suffix(, )
0};
static const unsigned char asset_87[] = {
#embed "../../runbooks/GatewayErrorBudgetTicket.md" suffix(, )
0};
static const unsigned char asset_88[] = {
#embed "../../runbooks/GatewayErrorRateHigh.md" suffix(, )
0};
static const unsigned char asset_89[] = {
#embed "../../runbooks/GatewayLatencyHigh.md" suffix(, )
0};
static const unsigned char asset_90[] = {
#embed "../../runbooks/HaltLeftOn.md" suffix(, )
0};
static const unsigned char asset_91[] = {
#embed "../../runbooks/HaltNotPropagated.md" suffix(, )
0};
static const unsigned char asset_92[] = {
#embed "../../runbooks/InvariantViolated.md" suffix(, )
0};
static const unsigned char asset_93[] = {
#embed "../../runbooks/JwksFetchFailing.md" suffix(, )
0};
static const unsigned char asset_94[] = {
#embed "../../runbooks/JwksStale.md" suffix(, )
0};
static const unsigned char asset_95[] = {
#embed "../../runbooks/JwtRejectionsHigh.md" suffix(, )
0};
static const unsigned char asset_96[] = {
#embed "../../runbooks/LabelValuesFolded.md" suffix(, )
0};
static const unsigned char asset_97[] = {
#embed "../../runbooks/LogDropped.md" suffix(, )
0};
static const unsigned char asset_98[] = {
#embed "../../runbooks/MarketDataStale.md" suffix(, )
0};
static const unsigned char asset_99[] = {
#embed "../../runbooks/MetricsNotDurable.md" suffix(, )
0};
static const unsigned char asset_100[] = {
#embed "../../runbooks/NoSigningKeys.md" suffix(, )
0};
static const unsigned char asset_101[] = {
#embed "../../runbooks/NotificationsFailing.md" suffix(, )
0};
static const unsigned char asset_102[] = {
#embed "../../runbooks/OrderAckSlow.md" suffix(, )
0};
static const unsigned char asset_103[] = {
#embed "../../runbooks/OrderChurnHigh.md" suffix(, )
0};
static const unsigned char asset_104[] = {
#embed "../../runbooks/OrderPlacedWhileHalted.md" suffix(, )
0};
static const unsigned char asset_105[] = {
#embed "../../runbooks/OrderRateSurge.md" suffix(, )
0};
static const unsigned char asset_106[] = {
#embed "../../runbooks/OrderRejectRateHigh.md" suffix(, )
0};
static const unsigned char asset_107[] = {
#embed "../../runbooks/OrdersInDoubt.md" suffix(, )
0};
static const unsigned char asset_108[] = {
#embed "../../runbooks/OrdersNotExecuting.md" suffix(, )
0};
static const unsigned char asset_109[] = {
#embed "../../runbooks/RateLimitSaturated.md" suffix(, )
0};
static const unsigned char asset_110[] = {
#embed "../../runbooks/ReconciliationMismatch.md" suffix(, )
0};
static const unsigned char asset_111[] = {
#embed "../../runbooks/ReconciliationNotRunning.md" suffix(, )
0};
static const unsigned char asset_112[] = {
#embed "../../runbooks/ReleaseWaiting.md" suffix(, )
0};
static const unsigned char asset_113[] = {
#embed "../../runbooks/RemoteWriteBehind.md" suffix(, )
0};
static const unsigned char asset_114[] = {
#embed "../../runbooks/RequestsShed.md" suffix(, )
0};
static const unsigned char asset_115[] = {
#embed "../../runbooks/RuleEvaluationFailing.md" suffix(, )
0};
static const unsigned char asset_116[] = {
#embed "../../runbooks/RuleFileRefused.md" suffix(, )
0};
static const unsigned char asset_117[] = {
#embed "../../runbooks/RuleGroupMissed.md" suffix(, )
0};
static const unsigned char asset_118[] = {
#embed "../../runbooks/SeriesLimitHit.md" suffix(, )
0};
static const unsigned char asset_119[] = {
#embed "../../runbooks/SigningKeysUnknown.md" suffix(, )
0};
static const unsigned char asset_120[] = {
#embed "../../runbooks/StopUnrecorded.md" suffix(, )
0};
static const unsigned char asset_121[] = {
#embed "../../runbooks/StoreCommitSlow.md" suffix(, )
0};
static const unsigned char asset_122[] = {
#embed "../../runbooks/StreamEventsDropped.md" suffix(, )
0};
static const unsigned char asset_123[] = {
#embed "../../runbooks/TenantIsolationViolation.md" suffix(, )
0};
static const unsigned char asset_124[] = {
#embed "../../runbooks/TenantProbing.md" suffix(, )
0};
static const unsigned char asset_125[] = {
#embed "../../runbooks/TradingLoopLagHigh.md" suffix(, )
0};
static const unsigned char asset_126[] = {
#embed "../../runbooks/TradingLoopStalled.md" suffix(, )
0};
static const unsigned char asset_127[] = {
#embed "../../runbooks/TradingRuntimeDown.md" suffix(, )
0};
static const unsigned char asset_128[] = {
#embed "../../runbooks/UpstreamCircuitOpen.md" suffix(, )
0};
static const unsigned char asset_129[] = {
#embed "../../runbooks/UpstreamErrorsHigh.md" suffix(, )
0};
static const unsigned char asset_130[] = {
#embed "../../runbooks/UpstreamHostEjected.md" suffix(, )
0};
static const unsigned char asset_131[] = {
#embed "../../runbooks/Watchdog.md" suffix(, )
0};

static const struct breakwater_asset assets[] = {
  {"bars/AAPL.csv", asset_0, sizeof(asset_0) - 1},
  {"bars/GOOG.csv", asset_1, sizeof(asset_1) - 1},
  {"bars/IBM.csv", asset_2, sizeof(asset_2) - 1},
  {"bars/MSFT.csv", asset_3, sizeof(asset_3) - 1},
  {"alerts/platform.yml", asset_4, sizeof(asset_4) - 1},
  {"alerts/slo.yml", asset_5, sizeof(asset_5) - 1},
  {"alerts/trading.yml", asset_6, sizeof(asset_6) - 1},
  {"console/ages.js", asset_7, sizeof(asset_7) - 1},
  {"console/alert-facts.js", asset_8, sizeof(asset_8) - 1},
  {"console/alert-history.js", asset_9, sizeof(asset_9) - 1},
  {"console/alert-words.js", asset_10, sizeof(asset_10) - 1},
  {"console/alerts.js", asset_11, sizeof(asset_11) - 1},
  {"console/announce.js", asset_12, sizeof(asset_12) - 1},
  {"console/api.js", asset_13, sizeof(asset_13) - 1},
  {"console/app.css", asset_14, sizeof(asset_14) - 1},
  {"console/app.js", asset_15, sizeof(asset_15) - 1},
  {"console/approve.js", asset_16, sizeof(asset_16) - 1},
  {"console/blast.js", asset_17, sizeof(asset_17) - 1},
  {"console/changes.js", asset_18, sizeof(asset_18) - 1},
  {"console/chart.js", asset_19, sizeof(asset_19) - 1},
  {"console/controls.js", asset_20, sizeof(asset_20) - 1},
  {"console/desk-history.js", asset_21, sizeof(asset_21) - 1},
  {"console/desk-messages.js", asset_22, sizeof(asset_22) - 1},
  {"console/desk-silences.js", asset_23, sizeof(asset_23) - 1},
  {"console/dialog.js", asset_24, sizeof(asset_24) - 1},
  {"console/dom.js", asset_25, sizeof(asset_25) - 1},
  {"console/estate.js", asset_26, sizeof(asset_26) - 1},
  {"console/format.js", asset_27, sizeof(asset_27) - 1},
  {"console/fresh.js", asset_28, sizeof(asset_28) - 1},
  {"console/gauge.js", asset_29, sizeof(asset_29) - 1},
  {"console/halt.js", asset_30, sizeof(asset_30) - 1},
  {"console/headline.js", asset_31, sizeof(asset_31) - 1},
  {"console/icon.svg", asset_32, sizeof(asset_32) - 1},
  {"console/index.html", asset_33, sizeof(asset_33) - 1},
  {"console/jump.js", asset_34, sizeof(asset_34) - 1},
  {"console/keys.js", asset_35, sizeof(asset_35) - 1},
  {"console/manifest.webmanifest", asset_36, sizeof(asset_36) - 1},
  {"console/markdown-inline.js", asset_37, sizeof(asset_37) - 1},
  {"console/markdown.js", asset_38, sizeof(asset_38) - 1},
  {"console/panels.css", asset_39, sizeof(asset_39) - 1},
  {"console/plot.js", asset_40, sizeof(asset_40) - 1},
  {"console/preconditions.js", asset_41, sizeof(asset_41) - 1},
  {"console/profiles.js", asset_42, sizeof(asset_42) - 1},
  {"console/promql.js", asset_43, sizeof(asset_43) - 1},
  {"console/proof.js", asset_44, sizeof(asset_44) - 1},
  {"console/proposals.js", asset_45, sizeof(asset_45) - 1},
  {"console/reason.js", asset_46, sizeof(asset_46) - 1},
  {"console/release.js", asset_47, sizeof(asset_47) - 1},
  {"console/requests.js", asset_48, sizeof(asset_48) - 1},
  {"console/route.js", asset_49, sizeof(asset_49) - 1},
  {"console/scale.js", asset_50, sizeof(asset_50) - 1},
  {"console/scope.js", asset_51, sizeof(asset_51) - 1},
  {"console/session.js", asset_52, sizeof(asset_52) - 1},
  {"console/settings.js", asset_53, sizeof(asset_53) - 1},
  {"console/signal-card.js", asset_54, sizeof(asset_54) - 1},
  {"console/signal-charts.js", asset_55, sizeof(asset_55) - 1},
  {"console/signals.js", asset_56, sizeof(asset_56) - 1},
  {"console/silence-conditions.js", asset_57, sizeof(asset_57) - 1},
  {"console/silence-preview.js", asset_58, sizeof(asset_58) - 1},
  {"console/silence.js", asset_59, sizeof(asset_59) - 1},
  {"console/stops.js", asset_60, sizeof(asset_60) - 1},
  {"console/store.js", asset_61, sizeof(asset_61) - 1},
  {"console/stream.js", asset_62, sizeof(asset_62) - 1},
  {"console/theme.js", asset_63, sizeof(asset_63) - 1},
  {"console/tokens.css", asset_64, sizeof(asset_64) - 1},
  {"console/view-alert.js", asset_65, sizeof(asset_65) - 1},
  {"console/view-desk.js", asset_66, sizeof(asset_66) - 1},
  {"console/view-request.js", asset_67, sizeof(asset_67) - 1},
  {"console/view-tenant.js", asset_68, sizeof(asset_68) - 1},
  {"runbooks/AlertRecordsFailing.md", asset_69, sizeof(asset_69) - 1},
  {"runbooks/AuditChainBroken.md", asset_70, sizeof(asset_70) - 1},
  {"runbooks/AuditWriteFailing.md", asset_71, sizeof(asset_71) - 1},
  {"runbooks/AutomaticControlActed.md", asset_72, sizeof(asset_72) - 1},
  {"runbooks/BackendDown.md", asset_73, sizeof(asset_73) - 1},
  {"runbooks/BreakGlassUsed.md", asset_74, sizeof(asset_74) - 1},
  {"runbooks/CertificateExpiresSoon.md", asset_75, sizeof(asset_75) - 1},
  {"runbooks/ConfigReloadFailed.md", asset_76, sizeof(asset_76) - 1},
  {"runbooks/ConnectionsNearLimit.md", asset_77, sizeof(asset_77) - 1},
  {"runbooks/ControlLeaseFailing.md", asset_78, sizeof(asset_78) - 1},
  {"runbooks/ControlProposed.md", asset_79, sizeof(asset_79) - 1},
  {"runbooks/ControlReviewOverdue.md", asset_80, sizeof(asset_80) - 1},
  {"runbooks/DiskAlmostFull.md", asset_81, sizeof(asset_81) - 1},
  {"runbooks/DiskWillFill.md", asset_82, sizeof(asset_82) - 1},
  {"runbooks/ErrorsLogged.md", asset_83, sizeof(asset_83) - 1},
  {"runbooks/EventLoopLag.md", asset_84, sizeof(asset_84) - 1},
  {"runbooks/GatewayErrorBudgetBurnFast.md", asset_85, sizeof(asset_85) - 1},
  {"runbooks/GatewayErrorBudgetBurnSlow.md", asset_86, sizeof(asset_86) - 1},
  {"runbooks/GatewayErrorBudgetTicket.md", asset_87, sizeof(asset_87) - 1},
  {"runbooks/GatewayErrorRateHigh.md", asset_88, sizeof(asset_88) - 1},
  {"runbooks/GatewayLatencyHigh.md", asset_89, sizeof(asset_89) - 1},
  {"runbooks/HaltLeftOn.md", asset_90, sizeof(asset_90) - 1},
  {"runbooks/HaltNotPropagated.md", asset_91, sizeof(asset_91) - 1},
  {"runbooks/InvariantViolated.md", asset_92, sizeof(asset_92) - 1},
  {"runbooks/JwksFetchFailing.md", asset_93, sizeof(asset_93) - 1},
  {"runbooks/JwksStale.md", asset_94, sizeof(asset_94) - 1},
  {"runbooks/JwtRejectionsHigh.md", asset_95, sizeof(asset_95) - 1},
  {"runbooks/LabelValuesFolded.md", asset_96, sizeof(asset_96) - 1},
  {"runbooks/LogDropped.md", asset_97, sizeof(asset_97) - 1},
  {"runbooks/MarketDataStale.md", asset_98, sizeof(asset_98) - 1},
  {"runbooks/MetricsNotDurable.md", asset_99, sizeof(asset_99) - 1},
  {"runbooks/NoSigningKeys.md", asset_100, sizeof(asset_100) - 1},
  {"runbooks/NotificationsFailing.md", asset_101, sizeof(asset_101) - 1},
  {"runbooks/OrderAckSlow.md", asset_102, sizeof(asset_102) - 1},
  {"runbooks/OrderChurnHigh.md", asset_103, sizeof(asset_103) - 1},
  {"runbooks/OrderPlacedWhileHalted.md", asset_104, sizeof(asset_104) - 1},
  {"runbooks/OrderRateSurge.md", asset_105, sizeof(asset_105) - 1},
  {"runbooks/OrderRejectRateHigh.md", asset_106, sizeof(asset_106) - 1},
  {"runbooks/OrdersInDoubt.md", asset_107, sizeof(asset_107) - 1},
  {"runbooks/OrdersNotExecuting.md", asset_108, sizeof(asset_108) - 1},
  {"runbooks/RateLimitSaturated.md", asset_109, sizeof(asset_109) - 1},
  {"runbooks/ReconciliationMismatch.md", asset_110, sizeof(asset_110) - 1},
  {"runbooks/ReconciliationNotRunning.md", asset_111, sizeof(asset_111) - 1},
  {"runbooks/ReleaseWaiting.md", asset_112, sizeof(asset_112) - 1},
  {"runbooks/RemoteWriteBehind.md", asset_113, sizeof(asset_113) - 1},
  {"runbooks/RequestsShed.md", asset_114, sizeof(asset_114) - 1},
  {"runbooks/RuleEvaluationFailing.md", asset_115, sizeof(asset_115) - 1},
  {"runbooks/RuleFileRefused.md", asset_116, sizeof(asset_116) - 1},
  {"runbooks/RuleGroupMissed.md", asset_117, sizeof(asset_117) - 1},
  {"runbooks/SeriesLimitHit.md", asset_118, sizeof(asset_118) - 1},
  {"runbooks/SigningKeysUnknown.md", asset_119, sizeof(asset_119) - 1},
  {"runbooks/StopUnrecorded.md", asset_120, sizeof(asset_120) - 1},
  {"runbooks/StoreCommitSlow.md", asset_121, sizeof(asset_121) - 1},
  {"runbooks/StreamEventsDropped.md", asset_122, sizeof(asset_122) - 1},
  {"runbooks/TenantIsolationViolation.md", asset_123, sizeof(asset_123) - 1},
  {"runbooks/TenantProbing.md", asset_124, sizeof(asset_124) - 1},
  {"runbooks/TradingLoopLagHigh.md", asset_125, sizeof(asset_125) - 1},
  {"runbooks/TradingLoopStalled.md", asset_126, sizeof(asset_126) - 1},
  {"runbooks/TradingRuntimeDown.md", asset_127, sizeof(asset_127) - 1},
  {"runbooks/UpstreamCircuitOpen.md", asset_128, sizeof(asset_128) - 1},
  {"runbooks/UpstreamErrorsHigh.md", asset_129, sizeof(asset_129) - 1},
  {"runbooks/UpstreamHostEjected.md", asset_130, sizeof(asset_130) - 1},
  {"runbooks/Watchdog.md", asset_131, sizeof(asset_131) - 1},
};

const struct breakwater_asset *breakwater_assets(size_t *count) {
  *count = sizeof(assets) / sizeof(assets[0]);
  return assets;
}
