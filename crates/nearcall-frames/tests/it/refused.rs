//! What cannot be promised is refused, in words that say what would do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nearcall_frames::layout::{header, slot};
use nearcall_frames::limits::{BLOCK_WAIT_MAX, SAMPLE_HZ_MAX, SUBSCRIPTIONS_MAX};
use nearcall_frames::memory::{Heap, Memory, Words};
use nearcall_frames::{
    AttachError, Geometry, Grant, HeaderError, Identity, LoanError, Next, NextError, Policy,
    PublishError, Reader, Request, SetUpError, Silent, SubscribeError, Then, Writer,
};

use super::{IDENTITY, channel, frame, granted, publish, reader};

#[test]
fn subscriptions_that_the_channel_cannot_keep() {
    let (mut writer, _memory) = channel(10, 8, 3);
    let mut check = |policy, pins, expected: Option<SubscribeError>| {
        let page = Box::new(Heap::return_page());
        let asked = writer.subscribe(page, Box::new(Silent), Request { policy, pins });
        if let Ok(grant) = asked {
            assert!(writer.unsubscribe(grant.id));
        }
        assert_eq!(asked.err(), expected, "{policy:?} with {pins} pins");
    };
    check(Policy::Latest, 5, None);
    let no_slots = SubscribeError::NoSlots { asked: 6, free: 5 };
    check(Policy::Latest, 6, Some(no_slots));
    check(Policy::Latest, 0, Some(SubscribeError::Pins { asked: 0 }));
    check(Policy::Latest, 17, Some(SubscribeError::Pins { asked: 17 }));
    let depth = |depth| Policy::DropOldest { depth };
    check(depth(4), 1, None);
    for asked in [0, 5, u32::MAX] {
        check(
            depth(asked),
            1,
            Some(SubscribeError::Depth { asked, most: 4 }),
        );
    }
    let block = |max_wait| Policy::Block {
        max_wait,
        then: Then::DropNew,
    };
    check(block(BLOCK_WAIT_MAX), 1, None);
    let asked = BLOCK_WAIT_MAX + Duration::from_nanos(1);
    check(block(asked), 1, Some(SubscribeError::Wait { asked }));
    check(Policy::Sample { hz: SAMPLE_HZ_MAX }, 1, None);
    for asked in [0, SAMPLE_HZ_MAX + 1] {
        check(
            Policy::Sample { hz: asked },
            1,
            Some(SubscribeError::Rate { asked }),
        );
    }
}

#[test]
fn one_subscription_too_many() {
    let most = u32::try_from(SUBSCRIPTIONS_MAX).unwrap();
    let (mut writer, _memory) = channel(most + 3, 8, 0);
    for _ in 0..most {
        granted(&mut writer, Policy::Latest, 1);
    }
    let request = Request {
        policy: Policy::Latest,
        pins: 1,
    };
    let page = Box::new(Heap::return_page());
    let asked = writer.subscribe(page, Box::new(Silent), request);
    assert_eq!(asked, Err(SubscribeError::TooMany));
}

#[test]
fn memory_of_another_length() {
    let geometry = Geometry::new(4, 8, 0).unwrap();
    let expected = geometry.region_bytes();
    for found in [0, expected - 8, expected + 8] {
        let made = Writer::new(Heap::new(found), IDENTITY, geometry);
        assert_eq!(made.err(), Some(SetUpError::Length { expected, found }));
    }
    let (mut writer, memory) = channel(4, 8, 0);
    let request = Request {
        policy: Policy::Latest,
        pins: 1,
    };
    let short = writer.subscribe(Box::new(Heap::new(64)), Box::new(Silent), request);
    assert_eq!(short, Err(SubscribeError::Page { found: 64 }));
    let (grant, _page) = granted(&mut writer, Policy::Latest, 1);
    let attached = Reader::attach(memory, Box::new(Heap::new(64)), &grant);
    assert_eq!(attached.err(), Some(AttachError::Page { found: 64 }));
}

#[test]
fn memory_that_is_not_what_was_granted() {
    let (mut writer, memory) = channel(4, 8, 0);
    let (grant, page) = granted(&mut writer, Policy::Latest, 1);
    let attach = |grant: &Grant| {
        Reader::attach(Arc::clone(&memory), Box::new(Arc::clone(&page)), grant).err()
    };
    assert_eq!(attach(&grant), None);
    let older = Identity {
        epoch: 10,
        ..IDENTITY
    };
    let expected = AttachError::Identity {
        expected: older,
        found: IDENTITY,
    };
    let of = |identity| Grant { identity, ..grant };
    assert_eq!(attach(&of(older)), Some(expected));
    for pins in [0, 17, u32::MAX] {
        let found = attach(&Grant { pins, ..grant });
        assert_eq!(found, Some(AttachError::Pins { found: pins }));
    }
    // Of the same length, divided otherwise.
    let geometry = Geometry::new(4, 9, 0).unwrap();
    assert_eq!(geometry.region_bytes(), grant.geometry.region_bytes());
    assert_eq!(
        attach(&Grant { geometry, ..grant }),
        Some(AttachError::Geometry)
    );
    memory.write(0, b"\x89NCALL\r\n");
    let found = *b"\x89NCALL\r\n";
    let expected = AttachError::Header(HeaderError::Magic { found });
    assert_eq!(attach(&grant), Some(expected));
}

#[test]
fn numbers_in_broken_memory_lead_nowhere() {
    let (mut writer, memory) = channel(5, 8, 1);
    let mut latest = reader(&mut writer, &memory, Policy::Latest, 1);
    let mut all = reader(&mut writer, &memory, Policy::DropOldest { depth: 2 }, 1);
    let now = Instant::now();
    publish(&mut writer, now);
    let right = memory.load(header::LATEST);
    for found in [5, 0xffff] {
        memory.store(header::LATEST, 1 << 16 | found);
        let damaged = NextError::Damaged { slots: 5, found };
        assert_eq!(latest.next(now).unwrap_err(), damaged);
        assert_eq!(all.next(now).unwrap_err(), damaged);
        assert!(latest.sleep(true) || latest.next(now).is_err());
    }
    // A slot that is there, with another frame in it.
    memory.store(header::LATEST, 1 << 16 | 3);
    assert_eq!(latest.next(now).unwrap_err(), NextError::Overtaken);
    memory.store(header::LATEST, right);
    // The descriptor of frame 1 names no slot.
    let descriptor_at = header::BYTES + 64;
    memory.write(descriptor_at + 8, &9_u32.to_le_bytes());
    assert_eq!(
        all.next(now).unwrap_err(),
        NextError::Damaged { slots: 5, found: 9 }
    );
    // A length beyond the slot.
    let slot_at = header::BYTES + 5 * 64;
    memory.store(slot_at + slot::LENGTH, u64::MAX);
    assert_eq!(frame(&mut latest).len(), 8, "clamped to what a slot holds");
    let stats = writer.stats(now);
    assert_eq!(
        stats.subscriptions[1].pins, 0,
        "a pin that came to nothing is let go of"
    );
}

#[test]
fn a_channel_that_grants_too_much_says_when_no_slot_is_left() {
    let (writer, memory) = channel(3, 8, 0);
    let mut writer = writer.overcommitted();
    let now = Instant::now();
    let mut readers = [1, 2].map(|_| reader(&mut writer, &memory, Policy::Latest, 1));
    let mut held = Vec::new();
    for reader in &mut readers {
        publish(&mut writer, now);
        held.push(frame(reader));
    }
    publish(&mut writer, now);
    let refused = writer.copy(now, b"x", &nearcall_frames::Details::default());
    let expected = LoanError::NoFreeSlot { slots: 3 };
    assert_eq!(refused, Err(PublishError::Loan(expected)));
    assert_eq!(writer.stats(now).without_slot, 1);
    assert_eq!(memory.load(header::WITHOUT_SLOT), 1);
    held.pop();
    assert_eq!(publish(&mut writer, now), 4);
    let Next::Frame(_) = readers[1].next(now).unwrap() else {
        panic!("there is a frame");
    };
}
