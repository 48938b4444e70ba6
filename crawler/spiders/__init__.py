"""One source, one file; Scrapy finds each by location."""
