//! Loans that are set aside, and policies that change.

use std::time::{Duration, Instant};

use nearcall_frames::{Details, LoanError, Next, Policy, SubscribeError, SubscriptionId, Then};

use super::{channel, frame, is_nothing, payload, publish, reader};

#[test]
fn a_loan_set_aside_is_published_as_any_other() {
    let (mut writer, memory) = channel(6, 64, 1);
    let mut reader = reader(&mut writer, &memory, Policy::DropOldest { depth: 2 }, 2);
    let now = Instant::now();
    let (aside, lent) = writer.loan(now).unwrap().set_aside();
    let mut lent = lent.unwrap();
    assert_eq!((aside.seq(), lent.len()), (1, 64));
    // The writer is free for others meanwhile, and the frame is not there yet.
    assert_eq!(writer.stats(now).published, 0);
    assert!(is_nothing(&mut reader));
    lent.copy_from_slice(&payload(1, 64));
    drop(lent);
    let loan = writer.take_up(&aside).expect("it is the writer's own");
    assert_eq!(loan.publish(64, &Details::default()), Ok(1));
    assert_eq!(frame(&mut reader).seq(), 1);
}

#[test]
fn what_is_set_aside_and_forgotten_is_given_back() {
    let (mut writer, memory) = channel(2, 64, 0);
    let now = Instant::now();
    let (forgotten, lent) = writer.loan(now).unwrap().set_aside();
    drop(lent);
    // With two slots, one of them forgotten, frames still come.
    for _ in 0..4 {
        publish(&mut writer, now);
    }
    assert!(
        writer.take_up(&forgotten).is_none(),
        "its frame is another's"
    );
    let (mut other, _) = channel(2, 64, 0);
    let (mine, theirs) = (
        writer.loan(now).unwrap().set_aside(),
        other.loan(now).unwrap().set_aside(),
    );
    assert!(other.take_up(&mine.0).is_none(), "it is of another writer");
    drop(theirs);
    drop(memory);
}

#[test]
fn bytes_that_are_kept_of_a_forgotten_loan_are_nobody_elses() {
    let (mut writer, _memory) = channel(2, 64, 0);
    let now = Instant::now();
    publish(&mut writer, now);
    let (aside, lent) = writer.loan(now).unwrap().set_aside();
    let mut lent = lent.unwrap();
    lent.fill(1);
    let no_slot = Some(LoanError::NoFreeSlot { slots: 2 });
    assert_eq!(writer.loan(now).err(), no_slot, "one is latest, one lent");
    assert!(writer.take_up(&aside).is_none(), "another loan was tried");
    let (aside, again) = {
        drop(lent);
        writer.loan(now).unwrap().set_aside()
    };
    assert!(
        writer.take_up(&aside).is_none(),
        "it is published by nobody who could still write it"
    );
    drop(again);
    publish(&mut writer, now);
}

#[test]
fn a_policy_changes_and_holds_the_writer_up_no_more() {
    let (mut writer, memory) = channel(6, 64, 0);
    let block = Policy::Block {
        max_wait: Duration::from_secs(9),
        then: Then::DropNew,
    };
    let mut reader = reader(&mut writer, &memory, block, 1);
    let (now, id) = (Instant::now(), SubscriptionId::new(1));
    publish(&mut writer, now);
    assert!(matches!(writer.loan(now), Err(LoanError::Held { .. })));
    assert_eq!(writer.set_policy(id, Policy::Latest), Ok(true));
    reader.set_policy(Policy::Latest);
    publish(&mut writer, now);
    assert_eq!(frame(&mut reader).seq(), 2);
    assert!(matches!(
        reader.next(now).unwrap(),
        Next::Nothing { again: None }
    ));
    let deep = Policy::DropOldest { depth: 2 };
    assert_eq!(
        writer.set_policy(id, deep),
        Err(SubscribeError::Depth { asked: 2, most: 1 })
    );
    let nobody = SubscriptionId::new(9);
    assert_eq!(writer.set_policy(nobody, Policy::Latest), Ok(false));
}
