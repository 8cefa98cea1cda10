@testable import PromQL

typealias TestStore = ScriptStore
