//! Rendering: orders to a process that draws.

use nearcall::Code;
use serde_json::json;

use super::lesson::{Call, Expected, Lesson};

/// The lesson.
pub(super) fn lesson() -> Lesson {
    let call = |method, sent| Call {
        method,
        sent: vec![sent],
        expected: Expected::Answers(vec![json!({})]),
    };
    Lesson {
        server: "render",
        service: "render.v1.Render",
        calls: vec![
            call("LoadScene", json!({"seed": 7})),
            call("Resize", json!({"width": 1_280, "height": 720})),
            Call {
                method: "Resize",
                sent: vec![json!({"width": 1, "height": 720})],
                expected: Expected::Refusal {
                    code: Code::InvalidArgument,
                    field: "width",
                },
            },
        ],
    }
}
