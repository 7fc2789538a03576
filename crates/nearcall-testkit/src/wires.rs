//! One test, both wires.

/// Makes two modules of tests, `grpc` and `lane`, out of functions that take the wire.
///
/// ```text
/// nearcall_testkit::wire_suite!(an_answer_comes, a_failure_comes);
///
/// async fn an_answer_comes(wire: Wire) { … }
/// ```
#[macro_export]
macro_rules! wire_suite {
    ($($check:ident),+ $(,)?) => {
        $crate::wire_suite!(@tests grpc, Grpc, [$($check),+]);
        $crate::wire_suite!(@tests lane, Lane, [$($check),+]);
    };
    (@tests $name:ident, $wire:ident, [$($check:ident),+]) => {
        mod $name {
            use super::*;
            $(
                #[tokio::test]
                async fn $check() {
                    super::$check(nearcall::Wire::$wire).await;
                }
            )+
        }
    };
}
