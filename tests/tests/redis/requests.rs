//! The number of requests.

use punctual::RedisJobStore;
use punctual::core::{JobStore, NewRecord, TaskFilter};
use punctual_testkit::calls::{at, claim, job, node};
use punctual_tests::server::Server;

use crate::client::execute;
use crate::jobs::advance;

/// The number of requests of the store since the last call. Commands of scripts are not counted.
fn requests(server: &Server) -> u64 {
    let stats = execute(server, &["INFO", "commandstats"]);
    let scripts = stats.lines().find_map(|line| line.trim().strip_prefix("cmdstat_evalsha:calls="));
    let number = scripts.and_then(|rest| rest.split(',').next()).unwrap_or("0");
    execute(server, &["CONFIG", "RESETSTAT"]);
    number.parse().expect("a number")
}

#[tokio::test]
async fn a_batch_of_a_thousand_is_one_request() {
    let server = Server::start("redis");
    let store = RedisJobStore::open(server.url()).unwrap();
    store.start().await.unwrap();
    // The first round sends the scripts.
    for round in 0..2 {
        let now = at(60 * round);
        let jobs: Vec<NewRecord> = (0..1_000).map(|n| job(&format!("{round} {n}"), 10)).collect();
        requests(&server);
        store.add(jobs).await.unwrap();
        let add = requests(&server);
        let claims = claim(&store, now).await.unwrap();
        let claim = requests(&server);
        assert_eq!(claims.len(), 1_000);
        advance(&store, &claims).await.unwrap();
        let commit = requests(&server);
        store.renew(&node(), now, at(999), &TaskFilter::Any).await.unwrap();
        let renew = requests(&server);
        if round == 1 {
            assert_eq!([add, claim, commit, renew], [1; 4]);
        }
        let ids: Vec<_> = claims.into_iter().map(|claim| claim.id).collect();
        store.remove(&ids).await.unwrap();
    }
}
