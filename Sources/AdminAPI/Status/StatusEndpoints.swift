import ControlModel
import DataPlane
import Wire

/// Status and tenants.
struct StatusEndpoints {
  let context: AdminContext

  /// GET /admin/status
  func status(_ call: Call) async throws(Refusal) -> Reply { .json(200, StatusReport(context).status()) }

  /// GET /admin/tenants
  func tenants(_ call: Call) async throws(Refusal) -> Reply {
    .json(200, Page(items: StatusReport(context).tenantItems()))
  }

  /// GET /admin/tenants/{tenant}
  func tenant(_ call: Call) async throws(Refusal) -> Reply {
    let (tenant, _) = try Scopes(context).named(call)
    guard let item = StatusReport(context).tenantItems().first(where: { $0.tenant == tenant.text }) else {
      throw Refusal(.tenantUnknown, "Tenant \(tenant) is not known.")
    }
    return .json(200, item)
  }

  /// GET /admin/tenants/{tenant}/profiles
  func profiles(_ call: Call) async throws(Refusal) -> Reply {
    let (tenant, _) = try Scopes(context).named(call)
    return .json(200, Page(items: StatusReport(context).profileItems(of: tenant)))
  }
}
