import Glibc

extension Double {
    /// This number to the power of another; arithmetic alone, of the C library.
    ///
    /// Here, so that policies need not import a library that could do more.
    package func power(_ exponent: Double) -> Double { pow(self, exponent) }
}
