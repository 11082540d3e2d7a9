import Wire

/// Called by libFuzzer with each input; stops with a message where a property does not hold.
private let testOneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt = { start, count in
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    // A copy of its own, so that the address sanitizer sees a read beyond its end.
    let bytes = unsafe [UInt8](input)
    if let violation = HTTP2Property.violation(in: bytes) { fatalError(violation) }
    return 0
}

@_extern(c, "LLVMFuzzerRunDriver")
func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The package manager names the entry point of an executable after its module.
@_cdecl("HTTP2FramesFuzz_main")
public func main(
    _ count: CInt,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
    var count = count
    var arguments = unsafe arguments
    return unsafe runDriver(&count, &arguments, testOneInput)
}
