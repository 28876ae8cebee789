//! Sign-ins and sign-outs over both replicas.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{application::REPLICA, pair::Pair};
use crate::{client::Answer, servers::Failed, wait::expect};

/// How soon signing out at one replica must end a copied cookie at the other.
const SIGNED_OUT: Duration = Duration::from_secs(1);

/// Sign-ins that begin at one replica and end at the other; the session is used at both.
pub(super) async fn cross_replicas(pair: &Pair) -> Result<String, Failed> {
    const COUNT: usize = 10;
    let mut begun_at_first = 0;
    for n in 0..COUNT {
        let mut browser = pair.browser();
        if n % 2 == 1 {
            // So that the next one begins at the other replica.
            browser.home(pair.nginx).await?;
        }
        let (login, callback) = browser.begin(pair.nginx).await?;
        let done = browser.end(pair.nginx, &callback).await?;
        let (begun, ended) = (replica(&login)?, replica(&done)?);
        if begun == ended {
            return Err(format!("sign-in {n} begins and ends at {begun}").into());
        }
        begun_at_first += usize::from(begun == pair.replicas[0].to_string());
        let mut asked = [String::new(), String::new()];
        for place in &mut asked {
            let home = browser.home(pair.nginx).await?;
            expect("the page", home.status, 200)?;
            *place = replica(&home)?.to_owned();
        }
        if asked[0] == asked[1] {
            return Err("the session is used at one replica only".into());
        }
    }
    if begun_at_first != COUNT / 2 {
        return Err(format!("{begun_at_first} of {COUNT} begin at the first replica").into());
    }
    let cookie = pair.signed_in().await?.session().unwrap_or_default();
    Ok(format!("{COUNT} begun at one and ended at the other; cookie of {cookie} bytes"))
}

/// Signing out at one replica ends a copied cookie at the other, and no other session.
pub(super) async fn sign_out(pair: &Pair) -> Result<String, Failed> {
    const COUNT: usize = 5;
    let [here, there] = pair.replicas;
    let mut other = pair.signed_in().await?;
    let mut longest = Duration::ZERO;
    for _ in 0..COUNT {
        let mut browser = pair.signed_in().await?;
        let copy = browser.clone();
        expect("before signing out", copy.clone().home(there).await?.status, 200)?;
        expect("signing out", browser.post(here, "/logout").await?.status, 303)?;
        let since = Instant::now();
        if browser.session().is_some() {
            return Err("the browser keeps its cookie".into());
        }
        while copy.clone().home(there).await?.status == 200 {
            if since.elapsed() > SIGNED_OUT {
                return Err(format!("a copied cookie is good after {SIGNED_OUT:?}").into());
            }
            sleep(Duration::from_millis(10)).await;
        }
        longest = longest.max(since.elapsed());
        for replica in [here, there] {
            let status = copy.clone().home(replica).await?.status;
            if !matches!(status, 303 | 401) {
                return Err(format!("a copied cookie gets {status}").into());
            }
        }
    }
    expect("another session", other.home(there).await?.status, 200)?;
    Ok(format!("{COUNT} copied cookies out at the other within {} ms", longest.as_millis()))
}

fn replica(answer: &Answer) -> Result<&str, Failed> {
    answer.header(REPLICA).ok_or_else(|| "an answer of no replica".into())
}
