// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2026 The pinless authors */
#include <errno.h>
#include <linux/netlink.h>
#include <rdma/rdma_netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t_counters.h"
#include "t_dev.h"
#include "t_test.h"

#define BUF_LEN	65536

/* Called for each message of an answer; false ends the reading. */
typedef bool (*msg_fn)(const struct nlattr *attrs, size_t len, void *arg);

struct request {
	struct nlmsghdr h;
	char attrs[256];
};

static const struct nlattr *next(const struct nlattr *a, size_t *left)
{
	size_t step = NLA_ALIGN(a->nla_len);

	*left = *left > step ? *left - step : 0;
	return (const struct nlattr *)((const char *)a + step);
}

static bool valid(const struct nlattr *a, size_t left)
{
	return left >= sizeof(*a) && a->nla_len >= sizeof(*a) && a->nla_len <= left;
}

static const struct nlattr *find(const struct nlattr *a, size_t left, int type)
{
	for (; valid(a, left); a = next(a, &left)) {
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
	}
	return NULL;
}

static const void *data(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}

static size_t data_len(const struct nlattr *a)
{
	return a->nla_len - NLA_HDRLEN;
}

static uint32_t get_u32(const struct nlattr *a)
{
	uint32_t v = 0;

	if (a && data_len(a) >= 4)
		memcpy(&v, data(a), 4);
	return v;
}

static uint64_t get_u64(const struct nlattr *a)
{
	uint64_t v = 0;

	if (a && data_len(a) >= 8)
		memcpy(&v, data(a), 8);
	return v;
}

static void put_u32(struct request *r, int type, uint32_t v)
{
	struct nlattr *a = (struct nlattr *)((char *)r + NLMSG_ALIGN(r->h.nlmsg_len));

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + 4;
	memcpy((char *)a + NLA_HDRLEN, &v, 4);
	r->h.nlmsg_len = NLMSG_ALIGN(r->h.nlmsg_len) + NLA_ALIGN(a->nla_len);
}

static struct request request(int cmd, int flags)
{
	return (struct request){
		.h.nlmsg_len = NLMSG_HDRLEN,
		.h.nlmsg_type = RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, cmd),
		.h.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags,
		.h.nlmsg_seq = 1,
	};
}

/* Returns 0, or the error that the kernel answered. */
static int talk(struct request *r, msg_fn fn, void *arg)
{
	static char buf[BUF_LEN];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_RDMA);
	bool more = true;
	int rc = 0;

	if (fd < 0)
		return errno;
	if (send(fd, r, r->h.nlmsg_len, 0) < 0)
		rc = errno;
	while (!rc && more) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);
		struct nlmsghdr *h = (struct nlmsghdr *)buf;

		if (n <= 0) {
			rc = EIO;
			break;
		}
		for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type == NLMSG_DONE) {
				more = false;
			} else if (h->nlmsg_type == NLMSG_ERROR) {
				rc = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
				more = false;
			} else if (!fn(NLMSG_DATA(h), NLMSG_PAYLOAD(h, 0), arg)) {
				more = false;
			}
			if (!more)
				break;
		}
	}
	close(fd);
	return rc;
}

struct find_dev {
	const char *name;
	uint32_t index;
	bool found;
};

static bool dev_msg(const struct nlattr *a, size_t len, void *arg)
{
	const struct nlattr *name = find(a, len, RDMA_NLDEV_ATTR_DEV_NAME);
	struct find_dev *f = arg;

	if (name && !strncmp(data(name), f->name, data_len(name))) {
		f->index = get_u32(find(a, len, RDMA_NLDEV_ATTR_DEV_INDEX));
		f->found = true;
	}
	return true;
}

struct find_mr {
	uint32_t pid, lkey, mrn;
	uint64_t length;
	/* "explicit", "implicit" or "", as the driver says. */
	char odp[16];
	bool found;
};

/* The value behind the driver's attribute "odp": names and values stand in turn. */
static void read_odp(const struct nlattr *entry, size_t len, char *out, size_t out_len)
{
	const struct nlattr *table = find(entry, len, RDMA_NLDEV_ATTR_DRIVER), *a;
	bool named = false;
	size_t left;

	out[0] = '\0';
	if (!table)
		return;
	left = data_len(table);
	for (a = data(table); valid(a, left); a = next(a, &left)) {
		if ((a->nla_type & NLA_TYPE_MASK) != RDMA_NLDEV_ATTR_DRIVER_STRING)
			continue;
		if (named) {
			snprintf(out, out_len, "%.*s", (int)data_len(a), (const char *)data(a));
			return;
		}
		named = !strncmp(data(a), "odp", data_len(a));
	}
}

static bool mr_msg(const struct nlattr *a, size_t len, void *arg)
{
	const struct nlattr *table = find(a, len, RDMA_NLDEV_ATTR_RES_MR), *e;
	struct find_mr *f = arg;
	size_t left;

	if (!table)
		return true;
	left = data_len(table);
	for (e = data(table); valid(e, left); e = next(e, &left)) {
		const struct nlattr *in = data(e);
		size_t n = data_len(e);
		const struct nlattr *lkey = find(in, n, RDMA_NLDEV_ATTR_RES_LKEY);

		if (lkey && get_u32(lkey) == f->lkey &&
		    get_u32(find(in, n, RDMA_NLDEV_ATTR_RES_PID)) == f->pid) {
			f->mrn = get_u32(find(in, n, RDMA_NLDEV_ATTR_RES_MRN));
			f->length = get_u64(find(in, n, RDMA_NLDEV_ATTR_RES_MRLEN));
			read_odp(in, n, f->odp, sizeof(f->odp));
			f->found = true;
		}
	}
	return true;
}

struct read_stats {
	struct t_counters *c;
	unsigned int seen;
};

static bool stat_msg(const struct nlattr *a, size_t len, void *arg)
{
	const struct nlattr *table = find(a, len, RDMA_NLDEV_ATTR_STAT_HWCOUNTERS), *e;
	struct read_stats *s = arg;
	size_t left;

	if (!table)
		return true;
	left = data_len(table);
	for (e = data(table); valid(e, left); e = next(e, &left)) {
		const struct nlattr *name, *value;
		uint64_t v = 0;

		name = find(data(e), data_len(e), RDMA_NLDEV_ATTR_STAT_HWCOUNTER_ENTRY_NAME);
		value = find(data(e), data_len(e), RDMA_NLDEV_ATTR_STAT_HWCOUNTER_ENTRY_VALUE);
		if (!name || !value || data_len(value) < 8)
			continue;
		memcpy(&v, data(value), 8);
		if (!strcmp(data(name), "page_faults")) {
			s->c->faults = v;
			s->seen |= 1;
		} else if (!strcmp(data(name), "page_invalidations")) {
			s->c->invalidations = v;
			s->seen |= 2;
		} else if (!strcmp(data(name), "page_prefetch")) {
			s->c->prefetch = v;
			s->seen |= 4;
		}
	}
	return true;
}

bool t_device_index(const char *name, uint32_t *index)
{
	struct request r = request(RDMA_NLDEV_CMD_GET, NLM_F_DUMP);
	struct find_dev fd = { .name = name };

	if (talk(&r, dev_msg, &fd) || !fd.found)
		return false;
	*index = fd.index;
	return true;
}

/* Looks the region up among all of the device; @dev becomes the device's number. */
static bool find_region(struct ibv_mr *mr, uint32_t *dev, struct find_mr *fm)
{
	struct request r = request(RDMA_NLDEV_CMD_RES_MR_GET, NLM_F_DUMP);

	memset(fm, 0, sizeof(*fm));
	fm->pid = getpid();
	fm->lkey = mr->lkey;
	if (!t_device_index(ibv_get_device_name(mr->context->device), dev))
		return false;
	put_u32(&r, RDMA_NLDEV_ATTR_DEV_INDEX, *dev);
	return !talk(&r, mr_msg, fm) && fm->found;
}

bool t_region_read(struct ibv_mr *mr, struct t_region *region)
{
	struct find_mr fm;
	uint32_t dev;

	if (!find_region(mr, &dev, &fm))
		return false;
	region->length = fm.length;
	snprintf(region->odp, sizeof(region->odp), "%s", fm.odp);
	return true;
}

static bool find_mrn(struct ibv_mr *mr, uint32_t *dev, uint32_t *mrn)
{
	static struct ibv_mr *last;
	static uint32_t last_dev, last_mrn, last_key;
	struct find_mr fm;

	if (mr != last || mr->lkey != last_key) {
		if (!find_region(mr, &last_dev, &fm))
			return false;
		last = mr;
		last_key = mr->lkey;
		last_mrn = fm.mrn;
	}
	*dev = last_dev;
	*mrn = last_mrn;
	return true;
}

bool t_counters_read(struct ibv_mr *mr, struct t_counters *c)
{
	struct read_stats s = { .c = c };
	uint32_t dev, mrn;
	struct request r;

	memset(c, 0, sizeof(*c));
	if (!find_mrn(mr, &dev, &mrn))
		return false;
	r = request(RDMA_NLDEV_CMD_STAT_GET, 0);
	put_u32(&r, RDMA_NLDEV_ATTR_DEV_INDEX, dev);
	put_u32(&r, RDMA_NLDEV_ATTR_STAT_RES, RDMA_NLDEV_ATTR_RES_MR);
	put_u32(&r, RDMA_NLDEV_ATTR_RES_MRN, mrn);
	return !talk(&r, stat_msg, &s) && s.seen == 7;
}

static void expect_one(const char *what, const char *name, uint64_t before, uint64_t now,
		       long long expected)
{
	if (expected >= 0)
		t_check(now - before == (uint64_t)expected,
			"%s: %s: expected %lld more, seen %lld more (%llu in all)", what, name,
			expected, (long long)(now - before), (unsigned long long)now);
}

void t_counters_expect(const char *what, struct ibv_mr *mr, struct t_counters *before,
		       long long faults, long long invalidations, long long prefetch)
{
	struct t_counters now;

	if (!t_counters_read(mr, &now))
		return;
	expect_one(what, "page_faults", before->faults, now.faults, faults);
	expect_one(what, "page_invalidations", before->invalidations, now.invalidations,
		   invalidations);
	expect_one(what, "page_prefetch", before->prefetch, now.prefetch, prefetch);
	*before = now;
}

#define PROACTIVE	"/proc/sys/vm/compaction_proactiveness"

static int proactive;
static pid_t steady;

static void end_steady(void)
{
	/* Children end, too. */
	if (getpid() == steady)
		t_run("echo %d > " PROACTIVE, proactive);
}

void t_counters_steady(void)
{
	FILE *f;

	if (geteuid())
		return;
	t_run("echo 3 > /proc/sys/vm/drop_caches");
	f = fopen(PROACTIVE, "r");
	if (!f)
		return;
	if (fscanf(f, "%d", &proactive) == 1 && !t_run("echo 0 > " PROACTIVE)) {
		steady = getpid();
		atexit(end_steady);
	}
	fclose(f);
}

static uint64_t port_counter(const char *dev, const char *name)
{
	unsigned long long value;
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/infiniband/%s/ports/1/hw_counters/%s", dev, name);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%llu", &value) != 1)
		t_die("%s: cannot be read", path);
	fclose(f);
	return value;
}

uint64_t t_port_counter(const struct t_dev *d, const char *name)
{
	return port_counter(ibv_get_device_name(d->ctx->device), name);
}

struct t_port_count t_port_count(struct ibv_context *ctx, const char *name)
{
	struct t_port_count c = { .dev = ibv_get_device_name(ctx->device), .name = name };

	c.was = port_counter(c.dev, name);
	return c;
}

uint64_t t_port_counted(struct t_port_count *c)
{
	uint64_t was = c->was;

	c->was = port_counter(c->dev, c->name);
	return c->was - was;
}

bool t_port_expect(const char *what, struct t_port_count *c, uint64_t by)
{
	uint64_t seen = t_port_counted(c);

	return t_check(seen == by, "%s: %s: expected %llu more, seen %lld more", what, c->name,
		       (unsigned long long)by, (long long)seen);
}
