//! Shapes.

/// The area of a square.
///
/// # Panics
///
/// For a side that is negative.
#[track_caller]
pub fn square(side: i64) -> i64 {
    assert!(side >= 0, "a side of {side}");
    side * side
}
