//! The client over a network that breaks, briefly; `client_faults` is the program for long runs.

use roomcast_conformance::faults::{Plan, Until, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_of_retries_loses_and_repeats_nothing_over_a_network_that_breaks() {
    let plan = Plan {
        seed: 7,
        until: Until::Had {
            answers: 300,
            faults: 10,
        },
    };

    let report = run(plan).await.expect("ports are free");
    assert_eq!(report.wrong(), Vec::<String>::new(), "{report}");
    for client in &report.clients {
        let [cuts, resets, hangs, ..] = client.faults;
        assert!(cuts + resets + hangs >= 10, "{report}");
        let [answered, handled, _] = client.queue();
        assert!(answered >= 300 && handled == answered, "{report}");
        assert!(client.sent_again() > 0, "{report}");
        let [connections, recovered, _] = client.sessions();
        assert!(connections > 1 && recovered > 0, "{report}");
    }
}
