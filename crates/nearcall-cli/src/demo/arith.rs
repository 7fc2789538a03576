//! Arithmetic: the four kinds of call, and an error that says which field was wrong.

use nearcall::Code;
use serde_json::{Value, json};

use super::lesson::{Call, Expected, Lesson};

/// The lesson.
pub(super) fn lesson() -> Lesson {
    let call = |method, sent: &[Value], answers: &[Value]| Call {
        method,
        sent: sent.to_vec(),
        expected: Expected::Answers(answers.to_vec()),
    };
    Lesson {
        server: "arith",
        service: "arith.v1.Arith",
        calls: vec![
            call(
                "Multiply",
                &[json!({"a": 17, "b": 8})],
                &[json!({"product": 136})],
            ),
            call(
                "Divide",
                &[json!({"a": 17, "b": 8})],
                &[json!({"quotient": 2, "remainder": 1})],
            ),
            Call {
                method: "Divide",
                sent: vec![json!({"a": 1, "b": 0})],
                expected: Expected::Refusal {
                    code: Code::InvalidArgument,
                    field: "b",
                },
            },
            call(
                "Count",
                &[json!({"first": 1, "count": 5})],
                &[1, 2, 3, 4, 5].map(|number| json!({"number": number})),
            ),
            call(
                "Sum",
                &[1, 2, 3, 4].map(|number| json!({"number": number})),
                &[json!({"sum": 10, "count": 4})],
            ),
            call(
                "RunningTotal",
                &[1, 2, 3].map(|number| json!({"number": number})),
                &[1, 3, 6].map(|total| json!({"total": total})),
            ),
        ],
    }
}
