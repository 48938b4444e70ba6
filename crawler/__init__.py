"""The Scrapy project: one spider a source, and what all spiders share."""
