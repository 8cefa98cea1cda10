import Testing

@testable import Identity

@Suite struct `Key store` {
  let first: KeySet
  let second: KeySet

  init() throws {
    first = try `Key sets`.set(`Key sets`.ed)
    second = try `Key sets`.set(`Key sets`.ed, `Key sets`.ec)
  }

  @Test func `raises its generation only when the accepted keys change`() {
    let store = KeyStore(pinned: first, expectsFetched: false)
    let start = store.generation
    #expect(!store.replacePinned(first))
    #expect(store.generation == start)
    #expect(store.replacePinned(second))
    #expect(store.generation == start + 1)
    #expect(store.current.generation == store.generation)
  }

  @Test func `is incomplete until fetched keys have arrived, and again once they are taken out`() {
    let store = KeyStore(pinned: first, expectsFetched: true)
    #expect(!store.current.isComplete)
    store.replaceFetched(second)
    #expect(store.current.isComplete)
    #expect(store.current.keys.keys.map(\.id) == ["ed", "ec"])
    let loaded = store.generation
    store.replaceFetched(nil)
    #expect(!store.current.isComplete)
    #expect(store.current.keys.keys.map(\.id) == ["ed"])
    #expect(store.generation == loaded + 1)
  }

  @Test func `notices a key that keeps its name and changes its value`() throws {
    let store = KeyStore(pinned: first, expectsFetched: false)
    let other = `Key sets`.ed.replacing(
      "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", with: "amudiHQ3eFeoUpacdx4S3qP96dvV1uN75xBIhA1Ew48")
    #expect(store.replacePinned(try `Key sets`.set(other)))
  }
}
