//! What the server says of its services' health.

use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// Sets the health of a server's services, for programs that name no gRPC library. [`Server::health_switch`] gives one.
///
/// [`Server::health_switch`]: super::Server::health_switch
#[derive(Debug, Clone)]
pub struct HealthSwitch(HealthReporter);

impl HealthSwitch {
    pub(super) const fn new(reporter: HealthReporter) -> Self {
        Self(reporter)
    }

    /// Says of a service, by its full name, or of the server as a whole by the empty one, whether it serves.
    pub async fn set(&self, service: &str, serving: bool) {
        let status = if serving {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        self.0.set_service_status(service, status).await;
    }
}
