// SPDX-License-Identifier: GPL-2.0
// Copyright (c) 2026 The pinless authors
#include "cases/crew.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/pattern.h"
#include "cases/run.h"

/* Seconds for a whole run; the timer is that of the process. */
#define CREW_LIMIT_S	120

#define LEAF_PAGES	(HUGE_BYTES / PAGE_BYTES)

_Static_assert(CREW_MOST * (CREW_FAULTS + 1) <= LEAF_PAGES, "a batch must fit into one leaf");

/* When a member took its faults of a batch. */
struct interval {
	uint64_t start, end;
};

/* Shared by the members, which may be processes: where they meet and report. */
struct board {
	pthread_barrier_t barrier;
	struct {
		int err;
		struct message why;
		bool wrong;			/* other bytes than were written */
	} member[CREW_MOST];
	struct interval interval[];		/* [batch][member] */
};

struct crew {
	const struct choice *choice;
	enum sharing sharing;
	unsigned int members, batches;
	struct area area;			/* of all members, unless SHARING_NOTHING */
	struct board *board;
	size_t board_bytes;
};

struct member {
	struct crew *crew;
	unsigned int number;
	struct endpoint end[2];
	struct area buffer;			/* the initiator's */
	struct area own;			/* SHARING_NOTHING: the target's */
	struct ibv_mr *mr[2];
};

static const struct area *target_area(const struct member *member)
{
	return member->crew->sharing == SHARING_NOTHING ? &member->own : &member->crew->area;
}

/*
 * The @i-th page of a member in a batch. 37 is odd, so it leads through all pages of a leaf, and not
 * from neighbour to neighbour.
 */
static size_t page_offset(const struct member *member, unsigned int batch, unsigned int i)
{
	const struct crew *crew = member->crew;
	size_t leaf = batch, page = i;

	if (crew->sharing == SHARING_LEAF)
		page = i * crew->members + member->number;
	else if (crew->sharing == SHARING_MIRROR)
		leaf = (size_t)batch * crew->members + member->number;
	return leaf * HUGE_BYTES + page * 37 % LEAF_PAGES * PAGE_BYTES;
}

static int write_page(struct member *member, size_t offset, struct message *why)
{
	struct ibv_sge sge = { .addr = (uintptr_t)member->buffer.memory, .length = 8,
			       .lkey = member->mr[INITIATOR]->lkey };
	struct ibv_send_wr request = {
		.sg_list = &sge, .num_sge = 1, .opcode = IBV_WR_RDMA_WRITE,
		.wr.rdma = { .remote_addr = (uintptr_t)target_area(member)->memory + offset,
			     .rkey = member->mr[TARGET]->rkey },
	};
	uint64_t elapsed;

	return endpoint_transfer_unlimited(&member->end[INITIATOR], &request, &elapsed, why);
}

static int member_open(struct member *member, struct message *why)
{
	const struct crew *crew = member->crew;
	struct address address[2];
	int err = 0;

	for (enum end end = INITIATOR; end <= TARGET && !err; end++) {
		err = endpoint_open(&member->end[end], crew->choice, why);
		if (!err)
			endpoint_address(&member->end[end], &address[end]);
	}
	for (enum end end = INITIATOR; end <= TARGET && !err; end++)
		err = endpoint_connect(&member->end[end], &address[!end], why);
	if (!err)
		err = area_map(&member->buffer, PAGE_BYTES, 0, why);
	if (!err && crew->sharing == SHARING_NOTHING)
		err = area_map(&member->own, crew->batches * HUGE_BYTES, AREA_NEW_ADDRESS, why);
	for (enum end end = INITIATOR; end <= TARGET && !err; end++) {
		const struct area *area = end == TARGET ? target_area(member) : &member->buffer;

		member->mr[end] = register_memory(&member->end[end], area->memory, area->length,
						  true, why);
		if (!member->mr[end])
			err = -errno;
	}
	return err;
}

static void member_close(struct member *member)
{
	for (enum end end = INITIATOR; end <= TARGET; end++) {
		if (member->mr[end])
			ibv_dereg_mr(member->mr[end]);
		endpoint_close(&member->end[end]);
	}
	area_unmap(&member->buffer);
	area_unmap(&member->own);
}

static bool batch_arrived(const struct member *member, unsigned int batch, uint64_t seed)
{
	bool same = true;

	for (unsigned int i = 0; i <= CREW_FAULTS; i++)
		same &= pattern_check(target_area(member)->memory + page_offset(member, batch, i),
				      0, 8, seed);
	return same;
}

/*
 * The first page of a batch pays for what all of them need: page tables and leaf. A member that has
 * failed still enters the barrier, or the others would wait for ever.
 */
static void run_batch(struct member *member, unsigned int batch, int *err, struct message *why)
{
	struct board *board = member->crew->board;
	struct interval *interval = &board->interval[batch * member->crew->members + member->number];
	uint64_t seed = 1 + batch * CREW_MOST + member->number;

	if (!*err) {
		pattern_fill(member->buffer.memory, 0, 8, seed);
		*err = write_page(member, page_offset(member, batch, 0), why);
	}
	pthread_barrier_wait(&board->barrier);
	interval->start = now_ns();
	for (unsigned int i = 1; i <= CREW_FAULTS && !*err; i++)
		*err = write_page(member, page_offset(member, batch, i), why);
	interval->end = now_ns();
	pthread_barrier_wait(&board->barrier);
	if (!*err && !batch_arrived(member, batch, seed))
		board->member[member->number].wrong = true;
}

static void work(struct member *member)
{
	struct board *board = member->crew->board;
	struct message why = { "unknown error" };
	sigset_t alarm;
	int err;

	/* Members fault at the same time only where each can have a CPU. */
	cpu_unpin();
	err = member_open(member, &why);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	for (unsigned int batch = 0; batch < member->crew->batches; batch++) {
		run_batch(member, batch, &err, &why);
		/* Leave the alarm to members that still sleep: their time is over, too. */
		if (err)
			pthread_sigmask(SIG_BLOCK, &alarm, NULL);
	}
	board->member[member->number].err = err;
	board->member[member->number].why = why;
	member_close(member);
}

static void *thread_main(void *argument)
{
	work(argument);
	return NULL;
}

static int run_threads(struct crew *crew)
{
	struct member member[CREW_MOST] = { 0 };
	pthread_t thread[CREW_MOST];
	sigset_t alarm, before;
	unsigned int started = 0;
	int err = 0;

	endpoint_limit(CREW_LIMIT_S);
	while (started < crew->members && !err) {
		member[started].crew = crew;
		member[started].number = started;
		err = pthread_create(&thread[started], NULL, thread_main, &member[started]);
		if (!err)
			started++;
	}
	if (err) {
		/* The running threads wait at the barrier for ones that do not exist. */
		fprintf(stderr, "odplat: a thread cannot be started: %s\n", errno_name(err));
		exit(1);
	}
	/* The alarm is for the threads that wait for the device. */
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, &before);
	for (unsigned int m = 0; m < started; m++)
		pthread_join(thread[m], NULL);
	endpoint_limit(0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return 0;
}

static void process_main(struct crew *crew, unsigned int number, pid_t parent)
{
	struct member member = { .crew = crew, .number = number };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	endpoint_limit(CREW_LIMIT_S);
	work(&member);
	_exit(0);
}

static bool is_member(const pid_t *child, unsigned int count, pid_t pid)
{
	for (unsigned int m = 0; m < count; m++)
		if (child[m] == pid)
			return true;
	return false;
}

/* A member that died never reaches the barrier: the others are ended then. */
static int run_processes(struct crew *crew, struct message *why)
{
	pid_t child[CREW_MOST], parent = getpid(), gone;
	unsigned int started = 0, left;
	int status, err = 0;

	fflush(NULL);
	while (started < crew->members && !err) {
		child[started] = fork();
		if (!child[started])
			process_main(crew, started, parent);
		if (child[started] < 0)
			err = explain_error(why, "fork", errno);
		else
			started++;
	}
	for (unsigned int m = 0; m < started && err; m++)
		kill(child[m], SIGKILL);
	for (left = started; left; left--) {
		gone = waitpid(-1, &status, 0);
		if (gone < 0 && errno == EINTR) {
			left++;
			continue;
		}
		if (gone < 0)
			break;
		if (!is_member(child, started, gone)) {
			left++;
			continue;
		}
		if (!status || err)
			continue;
		err = -ECHILD;
		snprintf(why->text, sizeof(why->text), "a measuring process ended early");
		for (unsigned int m = 0; m < started; m++)
			if (child[m] != gone)
				kill(child[m], SIGKILL);
	}
	return err;
}

static void report_batches(const struct crew *crew, struct row *row)
{
	for (unsigned int batch = 0; batch < crew->batches; batch++) {
		const struct interval *interval = &crew->board->interval[batch * crew->members];
		uint64_t start = interval[0].start, end = interval[0].end;

		for (unsigned int m = 1; m < crew->members; m++) {
			start = interval[m].start < start ? interval[m].start : start;
			end = interval[m].end > end ? interval[m].end : end;
		}
		row_sample(row, (end - start) / (crew->members * CREW_FAULTS));
	}
	for (unsigned int m = 0; m < crew->members; m++)
		row_verify(row, !crew->board->member[m].wrong);
}

static int crew_open(struct crew *crew, struct message *why)
{
	size_t leaves = crew->batches * (crew->sharing == SHARING_MIRROR ? crew->members : 1);
	pthread_barrierattr_t attributes;
	int err = 0;

	crew->board_bytes = sizeof(*crew->board) +
			    sizeof(struct interval) * crew->batches * crew->members;
	crew->board = mmap(NULL, crew->board_bytes, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (crew->board == MAP_FAILED)
		return explain_error(why, "mmap", errno);
	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&crew->board->barrier, &attributes, crew->members);
	pthread_barrierattr_destroy(&attributes);
	if (crew->sharing != SHARING_NOTHING)
		err = area_map(&crew->area, leaves * HUGE_BYTES, AREA_NEW_ADDRESS, why);
	if (err)
		munmap(crew->board, crew->board_bytes);
	return err;
}

int crew_run(const struct choice *choice, enum sharing sharing, unsigned int members,
	     unsigned int batches, struct row *row, struct message *why)
{
	struct crew crew = { .choice = choice, .sharing = sharing, .members = members,
			     .batches = batches };
	int err = crew_open(&crew, why);

	if (err)
		return err;
	err = sharing == SHARING_NOTHING ? run_processes(&crew, why) : run_threads(&crew);
	for (unsigned int m = 0; m < members && !err; m++) {
		err = crew.board->member[m].err;
		if (err)
			*why = crew.board->member[m].why;
	}
	if (!err)
		report_batches(&crew, row);
	area_unmap(&crew.area);
	munmap(crew.board, crew.board_bytes);
	return err;
}

int run_growth_faults(struct bench *bench, const struct job *job, unsigned int count,
		      struct row *const rows[2], struct message *why)
{
	return crew_run(&bench->link->choice, job->sharing, job->many, count, rows[0], why);
}
