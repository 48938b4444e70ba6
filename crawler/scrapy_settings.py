"""Scrapy's settings: polite by default, bounded, and with no door left open."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("earful")
except PackageNotFoundError:  # a checkout that is not installed
    VERSION = "0"

BOT_NAME = "earful"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"

# The runner puts the contact of earful.toml in.
USER_AGENT = f"Earful/{VERSION} (+no contact configured)"
DEFAULT_REQUEST_HEADERS = {
    "Accept": "application/json, application/atom+xml, application/rss+xml, application/xml;q=0.9,"
    " text/html;q=0.8, */*;q=0.5",
    "Accept-Language": "en",
}

ROBOTSTXT_OBEY = True
ROBOTSTXT_USER_AGENT = "Earful"
COOKIES_ENABLED = False
REFERER_ENABLED = False

DOWNLOAD_DELAY = 1.0
# Jitter would halve the delay at times.
DOWNLOAD_DELAY_JITTER = 0.0
# One at a time: what is already queued behind a response would not hear its Retry-After.
CONCURRENT_REQUESTS = 1
CONCURRENT_REQUESTS_PER_DOMAIN = 1
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 1.0
AUTOTHROTTLE_MAX_DELAY = 30.0
# A server on this machine needs no sparing: see also PoliteRetryMiddleware.
DOWNLOAD_SLOTS = {
    host: {"concurrency": 1, "delay": 0.0} for host in ("127.0.0.1", "localhost", "::1")
}

TWISTED_DNS_RESOLVER = "crawler.private_addresses.PublicResolver"
DOWNLOAD_HANDLERS = {
    # A link in a page must not read this machine's files, or ask what nobody meant to ask.
    **dict.fromkeys(("file", "ftp", "s3", "data"), None),
    **dict.fromkeys(("imap", "imaps"), "crawler.imap.ImapHandler"),
    **dict.fromkeys(("ws", "wss"), "crawler.jetstream.JetstreamHandler"),
}
DOWNLOAD_TIMEOUT = 30
DNS_TIMEOUT = 20
DOWNLOAD_MAXSIZE = 32 * 1024 * 1024
DOWNLOAD_WARNSIZE = 8 * 1024 * 1024
DOWNLOAD_VERIFY_CERTIFICATES = True
REDIRECT_MAX_TIMES = 5
METAREFRESH_ENABLED = False
# A cut response is retried by PoliteRetryMiddleware; what came at last is still worth reading.
DOWNLOAD_FAIL_ON_DATALOSS = False

RETRY_TIMES = 2
RETRY_HTTP_CODES = [408, 429, 500, 502, 503, 504, 520, 522, 524]
# The report names what failed, without the query string that a log line would show.
RETRY_GIVE_UP_LOG_LEVEL = "DEBUG"
RETRY_BACKOFF = 2.0
# Longer than this is not waited for: the next scheduled crawl comes anyway.
RETRY_AFTER_MAX = 120

CLOSESPIDER_PAGECOUNT = 1000
MEMUSAGE_ENABLED = True
MEMUSAGE_LIMIT_MB = 512
MEMUSAGE_CHECK_INTERVAL_SECONDS = 5

TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
LOG_LEVEL = "INFO"
LOG_VERSIONS: list[str] = []  # the same in every crawl
LOGSTATS_INTERVAL = 0
STATS_DUMP = False
LOG_FORMATTER = "crawler.extensions.TerseLogFormatter"

SPIDER_MIDDLEWARES = {
    # ReportMiddleware judges statuses in its place; the others have nothing to do here.
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
    "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.start.StartSpiderMiddleware": None,
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
    "crawler.problem_reports.ReportMiddleware": 50,
}
DOWNLOADER_MIDDLEWARES = {
    "crawler.problem_reports.FailureMiddleware": 90,
    "crawler.probe.ProbeMiddleware": 95,
    "crawler.conditional_get.ConditionalMiddleware": 450,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "crawler.polite_retries.PoliteRetryMiddleware": 550,
    "crawler.daily_quota.QuotaMiddleware": 560,
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
}
ITEM_PIPELINES = {
    "crawler.pipelines.CountPipeline": 100,
    "crawler.pipelines.RelevancePipeline": 200,
    "crawler.pipelines.StorePipeline": 300,
}
EXTENSIONS = {
    "scrapy.extensions.memusage.MemoryUsage": None,
    "crawler.extensions.ResidentMemory": 0,
    "crawler.extensions.Progress": 0,
}
