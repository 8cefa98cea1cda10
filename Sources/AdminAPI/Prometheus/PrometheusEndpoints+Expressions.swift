import ControlModel
import DataPlane
import PromQL

/// Queries as text: formatted, and as a tree. Nothing is evaluated.
extension PrometheusEndpoints {
  func formatQuery(_ call: Call) async throws(Refusal) -> Reply {
    await answer { () throws(PrometheusFailure) in
      PrometheusJSON.string(try unrestricted(call).description)
    }
  }

  func parseQuery(_ call: Call) async throws(Refusal) -> Reply {
    await answer { () throws(PrometheusFailure) in
      Array(try unrestricted(call).syntaxTree.utf8)
    }
  }

  private func unrestricted(_ call: Call) throws(PrometheusFailure) -> Expression {
    let text = try PrometheusParameters(call).first("query") ?? ""
    do throws(ParseError) {
      return try Expression(text)
    } catch {
      throw .invalid("query", error.description)
    }
  }
}
