/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (c) 2026 The pinless authors */

/*
 * The leaf protocol of kernel/mm/leaf.c: faults, copies, invalidations, removal of
 * leaves by shrinker and reaper, end of the process, end of the mirror. The
 * names of the steps (F1..F6, A1..A3, I1..I5) are those of leaf.c; docs/contract.md
 * maps them to functions. The kernel's side (invalidation sequence, deferred
 * changes of the interval tree) is modelled as mm/mmu_notifier.c does it.
 *
 * Left out: mmap_lock, which no invalidation waits for; more than one page in a
 * leaf, as collisions are detected by leaf; the right to write, which is removed
 * as the entry is; time-outs: a wait that never ends is a deadlock here.
 *
 * What must hold:
 *  M2 no access to a page whose invalidation has returned   assert(!gone[..])
 *  M3 a retry only after an invalidation of the same leaf   assert(.. calls ..)
 *  M4 nothing is stored while one of the leaf runs          assert(!.. busy)
 *     and a fault that waits goes on                        no deadlock
 *  M5 a refused one leaves nothing behind                   no deadlock
 *  M6 a blockable one is never refused                      M2, as the kernel goes on
 *  no use of a freed leaf                                   assert(.. live)
 *
 * -DBREAK_* leaves out one thing that this relies on; each must be found.
 */

/* Addresses: pieces of 2 MiB. */
#ifndef ADDRS
#define ADDRS	1
#endif
/* Memory for leaves: one more than addresses, for the loser of a race to add. */
#ifndef LEAVES
#define LEAVES	2
#endif
#ifndef DEVICES
#define DEVICES	2
#endif
/* Accesses of each device. */
#ifndef ROUNDS
#define ROUNDS	1
#endif

#define NONE	15

/* Leaf kinds. */
#define EMPTY	0
#define TABLE	1
#define DEAD	2

#define ADD	1
#define DEL	2

typedef leaf_t {
	bool live;	/* the memory is a leaf's */
	bool listed;	/* in the mirror's list */
	byte addr;
	byte kind;
	byte entry;	/* frame, 0: none */
	byte seq;	/* mni.invalidate_seq */
	byte readers;	/* lock */
	bool writer;
	bool in_tree;	/* of the kernel */
	byte defer;	/* ADD or DEL when the last invalidation ends */
	byte calls;	/* ghost: invalidations so far */
	byte busy;	/* ghost: those that have not ended */
	byte held;	/* BREAK_M5: refused ones that were counted */
};

leaf_t leaf[LEAVES];
byte slot[ADDRS];		/* mirror->leaves */
byte stamp;			/* mirror->stamp */
byte sem_read;			/* mirror->fault_sem */
bool sem_write;
byte refs;			/* mirror->refs: one for each region */
bool mirror = true;

byte subs_seq = 2;		/* subscriptions->invalidate_seq */
byte ranges_active;		/* active_invalidate_ranges */

byte users;			/* mm_users beyond the process' own */
bool exited;

/* The CPU's page table: frames 2 * a + 1 and 2 * a + 2 for address a. */
byte pte[ADDRS];
bool gone[2 * ADDRS + 1];

byte rcu[DEVICES];		/* odd: in a read-side section */

/* The kernel: mm/mmu_notifier.c */

inline notifier_insert(l)
{
	d_step {
		leaf[l].in_tree = false;
		leaf[l].defer = 0;
		if
		:: ranges_active > 0 && (subs_seq & 1) ->
			leaf[l].defer = ADD;
			leaf[l].seq = subs_seq
		:: ranges_active > 0 && !(subs_seq & 1) ->
			subs_seq = subs_seq | 1;
			leaf[l].in_tree = true;
			leaf[l].seq = subs_seq
		:: ranges_active == 0 ->
			leaf[l].in_tree = true;
			leaf[l].seq = subs_seq - 1
		fi
	}
}

/* Sleeps until a running invalidation has ended. Clobbers wait_seq. */
inline notifier_remove(l)
{
	d_step {
		wait_seq = 0;
		if
		:: (subs_seq & 1) && leaf[l].defer == ADD -> leaf[l].defer = 0
		:: (subs_seq & 1) && leaf[l].defer != ADD ->
			leaf[l].defer = DEL;
			wait_seq = subs_seq
		:: else -> leaf[l].in_tree = false
		fi
	};
	wait_seq == 0 || subs_seq != wait_seq;
	wait_seq = 0
}

#define COVERED(l, a) (leaf[l].in_tree && (a == NONE || leaf[l].addr == a))

inline invalidate_start(a)
{
	d_step {
		ranges_active++;
		found = false;
		i = 0;
		do
		:: i < LEAVES ->
			if
			:: COVERED(i, a) -> found = true
			:: else
			fi;
			i++
		:: else -> break
		od;
		if
		:: found -> subs_seq = subs_seq | 1
		:: else
		fi;
		cur = subs_seq;
		i = 0
	}
}

inline invalidate_end(a)
{
	d_step {
		i = 0;
		do
		:: i < LEAVES ->
			if
			:: called[i] -> leaf[i].busy--; called[i] = false
			:: else
			fi;
			i++
		:: else -> break
		od;
		ranges_active--;
		if
		:: ranges_active == 0 && (subs_seq & 1) ->
			subs_seq++;
			i = 0;
			do
			:: i < LEAVES ->
				if
				:: leaf[i].defer == ADD -> leaf[i].in_tree = true
				:: leaf[i].defer == DEL -> leaf[i].in_tree = false
				:: else
				fi;
				leaf[i].defer = 0;
				i++
			:: else -> break
			od
		:: else
		fi;
		i = 0;
		cur = 0;
		found = false
	}
}

/* leaf.c */

inline write_lock(l)
{
	atomic {
		leaf[l].readers == 0 && !leaf[l].writer -> leaf[l].writer = true
	}
}

inline write_unlock(l)
{
	leaf[l].writer = false
}

inline leaf_kill(l)
{
	write_lock(l);
	d_step {
		leaf[l].kind = DEAD;
		leaf[l].entry = 0
	};
	write_unlock(l)
}

/* Waits for the read-side sections that were running when it began. */
inline grace_period()
{
#ifndef BREAK_RCU
	p = 0;
	do
	:: p < DEVICES ->
		was = rcu[p];
		(was & 1) == 0 || rcu[p] != was;
		p++
	:: else -> break
	od;
	p = 0;
	was = 0
#else
	skip
#endif
}

inline leaf_destroy(l)
{
	notifier_remove(l);
	grace_period();
	d_step {
		assert(leaf[l].readers == 0 && !leaf[l].writer && !leaf[l].in_tree);
		leaf[l].live = false;
		leaf[l].kind = EMPTY;
		leaf[l].entry = 0;
		leaf[l].seq = 0;
		leaf[l].calls = 0;
		leaf[l].held = 0;
		leaf[l].addr = 0
	}
}

/*
 * leaf_invalidate(): I1..I5. The kernel's caller goes on with the next leaf,
 * or gives up when a non-blockable one was refused.
 */
inline leaf_invalidate(l, blockable)
{
	assert(leaf[l].live);
#ifdef REFUSE
	/* What a later driver may do: refuse when the lock is taken. */
	if
	:: !blockable && (leaf[l].readers > 0 || leaf[l].writer) ->
#ifdef BREAK_M5
		leaf[l].held++;
#endif
		refused = true
	:: else -> skip
	fi;
#endif
#ifdef BREAK_M6
	if
	:: blockable && (leaf[l].readers > 0 || leaf[l].writer) ->
		leaf[l].calls++;
		ignored = true
	:: else -> skip
	fi;
#endif
	if
	:: refused || ignored -> skip
	:: else ->
		write_lock(l);				/* I1 */
		d_step {
			assert(leaf[l].live);
			leaf[l].calls++;
			leaf[l].busy++;
			called[l] = true;
#ifdef BREAK_M3_SEQ
			if
			:: leaf[l].kind == TABLE -> leaf[l].seq = cur
			:: else
			fi;
#else
			leaf[l].seq = cur;		/* I2 */
#endif
#ifndef BREAK_M2_CLEAR
			leaf[l].entry = 0;		/* I3 */
			if
			:: leaf[l].kind == TABLE -> leaf[l].kind = EMPTY
			:: else
			fi
#endif
		};
		write_unlock(l)				/* I4, I5 */
	fi;
	ignored = false
}

/* One memory event; address NONE: all of them. */
inline event(a, blockable)
{
	invalidate_start(a);
	do
	:: found && i < LEAVES && !refused ->
		if
		:: COVERED(i, a) -> leaf_invalidate(i, blockable)
		:: else
		fi;
		i++
	:: else -> break
	od;
	if
	:: !refused ->
		/* From here on the pages are the kernel's. */
		d_step {
			i = 0;
			do
			:: i < ADDRS ->
				if
				:: (a == NONE || i == a) && pte[i] != 0 ->
					gone[pte[i]] = true
				:: else
				fi;
				i++
			:: else -> break
			od;
			i = 0
		};
		d_step {
			do
			:: i < ADDRS ->
				if
				:: a == NONE || i == a -> pte[i] = 0
				:: else
				fi;
				i++
			:: else -> break
			od
		}
	:: else
	fi;
	refused = false;
	invalidate_end(a)
}

#define EVENT_VARS byte i = 0; byte cur = 0; bool found = false; \
	bool refused = false; bool ignored = false; bool called[LEAVES]

proctype invalidator(byte a; bool blockable; byte times)
{
	EVENT_VARS;

	do
	:: times > 0 -> event(a, blockable); times--
	:: else -> break
	od
}

/* The process dies: __mmu_notifier_release() */
proctype exit_mm()
{
	EVENT_VARS;

	atomic { users == 0 -> exited = true };
	event(NONE, true)
}

/* mirror.c */

/* pinless_mirror_put(): with the last reference go all leaves. */
inline mirror_put()
{
	d_step {
		assert(mirror && refs > 0);
		refs--;
		last = (refs == 0);
		k = 0
	};
	if
	:: last ->
		do
		:: k < LEAVES ->
			if
			:: leaf[k].listed ->
				leaf_kill(k);
				leaf_destroy(k);
				leaf[k].listed = false;
			:: else
			fi;
			k++
		:: else -> break
		od;
		mirror = false
	:: else
	fi
}

#define PUT_VARS byte k = 0; bool last = false; byte wait_seq = 0; \
	byte p = 0; byte was = 0

/* shrink_mirror(), then reap_leaves(), of which a pass is one batch here */
proctype reaper(byte times)
{
	PUT_VARS;
	bool mine[LEAVES];

again:
	if
	:: times == 0 -> goto end
	:: else -> times--
	fi;
	/* next_mirror(): refcount_inc_not_zero() */
	atomic {
		if
		:: refs > 0 -> refs++
		:: else -> goto end
		fi
	};
	do
	:: k < LEAVES ->
		atomic {
			if
			:: leaf[k].listed && leaf[k].readers == 0 && !leaf[k].writer ->
				leaf[k].writer = true
			:: else -> goto next
			fi
		};
		d_step {
			if
			:: leaf[k].kind == TABLE -> leaf[k].kind = EMPTY; leaf[k].entry = 0
			:: else
			fi
		};
		write_unlock(k);
next:		k++
	:: else -> break
	od;
	k = 0;
#ifndef BREAK_SEM
	atomic {
		if
		:: sem_read == 0 && !sem_write -> sem_write = true
		:: else -> goto put
		fi
	};
#endif
	do
	:: k < LEAVES ->
		if
		:: leaf[k].listed && leaf[k].kind == EMPTY ->
			leaf_kill(k);
			slot[leaf[k].addr] = NONE;
			d_step { leaf[k].listed = false; mine[k] = true }
		:: else
		fi;
		k++
	:: else -> break
	od;
	k = 0;
#ifndef BREAK_STAMP
	stamp++;
#endif
	sem_write = false;
	do
	:: k < LEAVES ->
		if
		:: mine[k] -> leaf_destroy(k); mine[k] = false
		:: else
		fi;
		k++
	:: else -> break
	od;
	k = 0;
put:
	mirror_put();
	k = 0;
	goto again;
end:
	skip
}

/* leaf_get(): sets g */
inline leaf_get(a)
{
	assert(mirror);
	g = slot[a];
	if
	:: g == NONE ->
		/* pinless_leaf_create() */
		d_step {
			g = 0;
			do
			:: leaf[g].live -> g++
			:: else -> break
			od;
			leaf[g].live = true;
			leaf[g].addr = a;
			leaf[g].kind = EMPTY
		};
		notifier_insert(g);
		/* xa_cmpxchg() */
		d_step {
			lost = NONE;
			if
			:: slot[a] == NONE -> slot[a] = g; leaf[g].listed = true
			:: else -> lost = g; g = slot[a]
			fi
		};
		if
		:: lost != NONE ->
			leaf_kill(lost);
			leaf_destroy(lost);
			lost = NONE
		:: else
		fi
	:: else
	fi
}

/* F1 for leaf g: mmu_interval_read_begin() */
inline read_begin()
{
	d_step {
		assert(leaf[g].live);
#ifdef BREAK_M3_OTHER
		seq = subs_seq;
		wait = (subs_seq & 1);
#else
		seq = leaf[g].seq;
		wait = (seq == subs_seq);
#endif
		calls = leaf[g].calls
	};
#ifndef BREAK_M4_WAIT
	!wait || subs_seq != seq;
#endif
#ifdef BREAK_M5
	leaf[g].held == 0;
#endif
#ifdef BREAK_M3_OTHER
	/* Begins again when the running one has ended. */
	d_step {
		if
		:: wait -> seq = subs_seq
		:: else
		fi
	};
#endif
	wait = false
}

#ifdef BREAK_M3_OTHER
#define COLLIDED (subs_seq != seq)
#elif defined(BREAK_M3_RETRY)
#define COLLIDED false
#else
#define COLLIDED (leaf[g].seq != seq)
#endif

/* pinless_mirror_fault() */
inline fault(a)
{
	/* mmget_not_zero() */
	atomic {
		if
		:: exited -> goto end
		:: else -> users++
		fi
	};
	atomic { !sem_write -> sem_read++ };
	leaf_get(a);
	do
	:: true ->
		read_begin();				/* F1 */
		d_step {				/* F2, F3, F4 */
			if
			:: pte[a] == 0 ->
				/* The frame other than the previous one. */
				pte[a] = fresh[a];
				fresh[a] = 4 * a + 3 - fresh[a];
				gone[pte[a]] = false
			:: else
			fi;
			frame = pte[a]
		};
		write_lock(g);				/* F5 */
		d_step {
			assert(leaf[g].live);
			if
			:: COLLIDED ->
				assert(leaf[g].calls != calls);
				retry = true
			:: else ->			/* F6 */
				assert(leaf[g].busy == 0);
				retry = false;
				if
				:: leaf[g].kind != DEAD ->
					leaf[g].kind = TABLE;
					leaf[g].entry = frame
				:: else
				fi
			fi;
			frame = 0;
			seq = 0;
			calls = 0
		};
		write_unlock(g);
		if
		:: retry -> retry = false
		:: else -> break
		fi
	od;
	g = NONE;
	sem_read--;
	users--
}

byte fresh[ADDRS];

/* One end of a queue pair that reads or writes address a: pinless_copy() */
proctype device(byte me; byte a)
{
	PUT_VARS;
	byte g = NONE, lost = NONE, seq = 0, calls = 0, frame = 0;
	byte hint = NONE, hint_stamp = 0, seen = 0;
	byte rounds = ROUNDS;
	bool wait = false, retry = false, miss = false;

	do
	:: rounds > 0 ->
		rcu[me]++;
		/* side_init(): pinless_mirror_leaf() */
		seen = stamp;
		if
		:: hint != NONE && hint_stamp == seen -> g = hint
		:: else ->
			g = slot[a];
			d_step {
				if
				:: g != NONE -> hint = g; hint_stamp = seen
				:: else
				fi
			}
		fi;
		seen = 0;
		miss = false;
		if
		:: g == NONE -> miss = true
		:: else ->
			assert(leaf[g].live);
#ifndef BREAK_M2_LOCK
			atomic { !leaf[g].writer -> leaf[g].readers++ };	/* A1 */
#endif
			frame = leaf[g].entry;		/* A2 */
			if
			:: frame != 0 ->
				d_step { assert(!gone[frame]); frame = 0 }
			:: else -> miss = true
			fi;
#ifndef BREAK_M2_LOCK
			d_step { assert(leaf[g].live); leaf[g].readers-- }	/* A3 */
#endif
		fi;
		g = NONE;
		rcu[me]++;
		if
		:: miss -> fault(a)
		:: else -> rounds--
		fi
	:: else -> break
	od;
end:
	/* The region is deregistered. */
	mirror_put()
}

/* Which processes meet. */
#if defined(CASE_EVENTS)	/* invalidations that overlap */
#define PROCESSES run device(0, 0); run invalidator(0, true, 1); \
	run invalidator(0, false, 2)
#elif defined(CASE_RANGES)	/* two leaves, each with its own */
#define PROCESSES run device(0, 0); run device(1, 1); \
	run invalidator(0, true, 1); run invalidator(1, true, 1)
#elif defined(CASE_REMOVAL)	/* shrinker and reaper */
#define PROCESSES run device(0, 0); run invalidator(0, true, 1); run reaper(2)
#elif defined(CASE_EXIT)	/* the process dies first, or its regions go first */
#define PROCESSES run device(0, 0); run device(1, 0); \
	run invalidator(0, true, 1); run exit_mm()
#endif

init {
	byte n = 0;

	d_step {
		do
		:: n < ADDRS ->
			slot[n] = NONE;
			fresh[n] = 2 * n + 1;
			gone[2 * n + 1] = true;
			gone[2 * n + 2] = true;
			n++
		:: else -> break
		od;
		n = 0;
		refs = DEVICES
	};
	atomic {
		PROCESSES
	};
	/* All is over: M1, all leaves went with the mirror. */
	_nr_pr == 1;
	d_step {
		assert(!mirror && refs == 0 && ranges_active == 0 && !(subs_seq & 1));
		do
		:: n < LEAVES ->
			assert(!leaf[n].live && !leaf[n].in_tree && leaf[n].busy == 0);
			n++
		:: else -> break
		od
	}
}
